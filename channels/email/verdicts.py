"""Whether the firm's own mail server vouches for the author: an Authentication-Results header counts only when that server wrote it."""

import re

from channels.email.mail import Mail

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_DMARC = re.compile(r"(?:^|[\s;])dmarc\s*=\s*([a-z]+)")
_FROM = re.compile(r"(?:^|[\s;])header\.from\s*=\s*\"?([^\s;\"]+)")


def proven(mail: Mail, servers: frozenset[str]) -> bool:
    """Tell whether DMARC passed for the only author's domain, as said by one of our servers and denied by none.

    A server must take off headers that claim to be its own; where two stand, all of them have to agree.
    """
    if len(mail.authors) != 1 or not servers:
        return False
    domain = mail.authors[0].email.rpartition("@")[2]
    said = [found for header in mail.verdicts if (found := _said(header, servers))]
    return bool(said) and all(verdict == "pass" and about.rpartition("@")[2] == domain for verdict, about in said)


def _said(header: str, servers: frozenset[str]) -> tuple[str, str] | None:
    """What one of our servers says of DMARC: the verdict and the domain; None = it is not ours, or says nothing."""
    plain = header.lower()[:2_000]
    for _ in range(5):
        plain = _COMMENT.sub(" ", plain)
    server, _, results = plain.partition(";")
    words = server.split()
    found = _DMARC.search(f";{results}")
    if not words or words[0] not in servers or found is None:
        return None
    about = _FROM.search(results)
    return found[1], about[1].rstrip(".") if about else ""
