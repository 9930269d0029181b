"""Real mail servers on loopback: Dovecot for mailboxes and submission, Exim behind it, as a user who is not root."""

import base64
import contextlib
import grp
import hashlib
import hmac
import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

PROGRAMS = {"dovecot": "dovecot-imapd", "exim4": "exim4-daemon-light", "openssl": "openssl"}
LIBRARIES = {"lmtp": "dovecot-lmtpd", "submission": "dovecot-submissiond"}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
PASSWORD = "kettle"
KEY = b"a key for tokens, long enough for anybody"
_START = 60.0
_DOVECOT = """
base_dir=%(t)s/run
state_dir=%(t)s/state
log_path=%(t)s/dovecot.log
protocols=imap lmtp submission
listen=127.0.0.1
ssl=yes
ssl_cert=<%(t)s/cert.pem
ssl_key=<%(t)s/key.pem
disable_plaintext_auth=no
auth_mechanisms=plain login xoauth2 oauthbearer
auth_failure_delay=0
default_internal_user=%(user)s
default_internal_group=%(group)s
default_login_user=%(user)s
first_valid_uid=1
mail_location=maildir:%(t)s/mail/%%u
mail_max_userip_connections=50
recipient_delimiter=+
lmtp_save_to_detail_mailbox=no
namespace inbox {
  inbox=yes
  mailbox Sent {
    auto=create
    special_use=\\Sent
  }
}
service anvil {
  chroot=
  unix_listener anvil-auth-penalty {
    mode=0
  }
}
service stats {
  chroot=
}
service imap-login {
  chroot=
  inet_listener imap {
    port=%(imap)s
  }
  inet_listener imaps {
    port=%(imaps)s
    ssl=yes
  }
}
service lmtp {
  inet_listener lmtp {
    address=127.0.0.1
    port=%(lmtp)s
  }
}
service submission-login {
  chroot=
  inet_listener submission {
    port=%(submission)s
  }
  inet_listener submissions {
    port=%(submissions)s
    ssl=yes
  }
}
submission_relay_host=127.0.0.1
submission_relay_port=%(exim)s
submission_relay_trusted=no
hostname=mail.test
passdb {
  driver=oauth2
  mechanisms=xoauth2 oauthbearer
  args=%(t)s/oauth.conf
}
passdb {
  driver=passwd-file
  args=scheme=PLAIN username_format=%%u %(t)s/users
}
userdb {
  driver=static
  args=uid=%(uid)s gid=%(gid)s home=%(t)s/mail/%%u
}
"""
_OAUTH = """
introspection_mode=local
local_validation_key_dict=fs:posix:prefix=%(t)s/keys/
username_attribute=email
issuers=https://tokens.test
"""
_EXIM = """
primary_hostname=mail.test
spool_directory=%(t)s/spool
log_file_path=%(t)s/exim-%%slog
pid_file_path=%(t)s/exim.pid
daemon_smtp_ports=%(exim)s
local_interfaces=127.0.0.1
disable_ipv6=true
exim_user=%(user)s
exim_group=%(group)s
never_users=
keep_environment=
deliver_drop_privilege=true
acl_smtp_rcpt=accept
acl_smtp_data=accept
message_size_limit=20M
host_lookup=
rfc1413_query_timeout=0s
begin routers
mailboxes:
  driver=manualroute
  route_list=* 127.0.0.1
  self=send
  transport=lmtp
begin transports
lmtp:
  driver=smtp
  protocol=lmtp
  port=%(lmtp)s
  allow_localhost
  hosts_override
begin retry
* * F,1h,1m
"""


def missing() -> str:
    """The Debian package that has to be installed first, "" = none."""
    for program, package in PROGRAMS.items():
        if not shutil.which(program, path=PATH):
            return package
    return next((package for name, package in LIBRARIES.items() if not Path(f"/usr/lib/dovecot/{name}").exists()), "")


class Rig:
    """The servers, with a mailbox for each of `people`."""

    def __init__(self, people: tuple[str, ...]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-mail-"))
        self.ports = {name: free_port() for name in ("imap", "imaps", "lmtp", "submission", "submissions", "exim")}
        self._as_root = os.geteuid() == 0
        who = pwd.getpwnam("nobody") if self._as_root else pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(who.pw_gid).gr_name
        self._told = {**self.ports, "t": self.folder, "user": who.pw_name, "group": group, "uid": who.pw_uid, "gid": who.pw_gid}
        self._uid, self._gid = who.pw_uid, who.pw_gid
        self._write(people)
        self._servers = [self._run("dovecot", "-F", "-c", str(self.folder / "dovecot.conf")), self._run("exim4", "-C", str(self.folder / "exim.conf"), "-bdf")]
        for port in self.ports.values():
            self._await(port)

    @property
    def certificate(self) -> str:
        """The file of the authority that vouches for the servers."""
        return str(self.folder / "cert.pem")

    def token(self, address: str, seconds: float = 3600.0) -> str:
        """A token for a mailbox; seconds below 0 = it has ended."""
        told = {"iss": "https://tokens.test", "email": address, "sub": address, "iat": int(time.time()) - 7200, "exp": int(time.time() + seconds)}
        head = ".".join(_packed(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, told))
        return f"{head}.{_packed(hmac.new(KEY, head.encode(), hashlib.sha256).digest())}"

    def write(self, sender: str, recipient: str, raw: bytes) -> None:
        """Have somebody elsewhere in the world send a mail."""
        with smtplib.SMTP("127.0.0.1", self.ports["exim"], timeout=_START) as out:
            out.sendmail(sender, recipient, raw)

    def mails(self, address: str) -> list[bytes]:
        """What lies in a mailbox that nobody has opened."""
        return [path.read_bytes() for path in sorted((self.folder / "mail" / address).glob("[nc]*/*")) if path.is_file()]

    def kick(self, address: str) -> None:
        """Kill whatever serves somebody's mailbox."""
        self._call("doveadm", "-c", str(self.folder / "dovecot.conf"), "kick", address)

    def log(self) -> str:
        """What the servers say, for a test that fails."""
        return "\n".join(path.read_text("utf-8", "replace") for path in self.folder.glob("*log"))

    def close(self) -> None:
        """End the servers and forget."""
        for server in self._servers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
        for server in self._servers:
            try:
                server.wait(_START)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, people: tuple[str, ...]) -> None:
        files = {"dovecot.conf": _DOVECOT, "oauth.conf": _OAUTH, "exim.conf": _EXIM}
        for name, text in files.items():
            (self.folder / name).write_text(text.lstrip() % self._told)
        (self.folder / "users").write_text("".join(f"{person}:{PASSWORD}\n" for person in people))
        key = self.folder / "keys" / "default" / "HS256" / "default"
        key.parent.mkdir(parents=True)
        key.write_bytes(base64.b64encode(KEY))
        for name in ("run", "state", "mail", "spool"):
            (self.folder / name).mkdir()
        where = ["-keyout", str(self.folder / "key.pem"), "-out", self.certificate]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", *where, *names]
        subprocess.run(made, check=True, capture_output=True)
        self.folder.chmod(0o755)
        if self._as_root:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self._uid, self._gid)

    def _run(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{command[0]}-said.log").open("wb") as said:
            return subprocess.Popen(self._as_nobody(command), stdout=said, stderr=said, cwd=self.folder, env={"PATH": PATH}, start_new_session=True)

    def _call(self, *command: str) -> None:
        subprocess.run(self._as_nobody(command), check=True, capture_output=True, cwd=self.folder, env={"PATH": PATH}, timeout=_START)

    def _as_nobody(self, command: tuple[str, ...]) -> list[str]:
        changed = ["setpriv", f"--reuid={self._uid}", f"--regid={self._gid}", "--clear-groups"] if self._as_root else []
        return [*changed, *command]

    def _await(self, port: int) -> None:
        until = time.monotonic() + _START
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@contextlib.contextmanager
def rigged(*people: str) -> Iterator[Rig]:
    """A rig for as long as it is needed."""
    rig = Rig(people)
    try:
        yield rig
    finally:
        rig.close()
