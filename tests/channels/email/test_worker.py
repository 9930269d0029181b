"""Mails are read in a process with little memory and little time; what kills it costs one mail its body and nothing else."""

import asyncio
import os
import sys
import textwrap
from pathlib import Path

import pytest

from channels.email.mail import Trouble
from channels.email.originals import Originals
from channels.email.worker import PROGRAM, Digester, head
from crm.base.errors import NotFound
from tests.channels.email.stand import letter

MEMORY = 768_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Originals(tmp_path).keep("0" * 32, letter("Hello"))


def program(tmp_path: Path, body: str) -> tuple[str, ...]:
    """A worker that does something evil with a mail, and reads headers as the true one does."""
    file = tmp_path / "evil.py"
    file.write_text(
        "import os, signal, sys, time\nfrom channels.email import worker\nhonest = worker.answer\ndef answer(question):\n    if question.get('head'):\n        return honest(question)\n"
    )
    with file.open("a") as more:
        more.write(textwrap.indent(textwrap.dedent(body), "    ") + "\nworker.answer = answer\nworker.main()\n")
    return (sys.executable, "-B", str(file))


async def test_a_mail_is_read(path: Path) -> None:
    digester = Digester(10, MEMORY)
    mail = await digester.digest(path)
    await digester.close()
    assert (mail.text, mail.subject, mail.trouble) == ("Hello", "Wine", Trouble.NONE)


EVILS = {
    "too much memory": ("bytearray(2_000_000_000)", Trouble.DIED),
    "an end": ("os._exit(3)", Trouble.DIED),
    "a crash": ("os.kill(os.getpid(), signal.SIGSEGV)", Trouble.DIED),
    "an exception": ("raise RecursionError", Trouble.DIED),
    "a loop": ("while True: pass", Trouble.TOO_SLOW),
    "a sleep": ("time.sleep(1000)", Trouble.TOO_SLOW),
    "a flood": ("while True: os.write(1, b'x' * 65536)", Trouble.DIED),
}


@pytest.mark.parametrize("evil", EVILS)
async def test_what_kills_the_worker_costs_a_mail_its_body_alone(path: Path, tmp_path: Path, evil: str) -> None:
    body, trouble = EVILS[evil]
    digester = Digester(1.0, MEMORY, program(tmp_path, body))
    mail = await digester.digest(path)
    await digester.close()
    assert (mail.subject, mail.text, mail.trouble) == ("Wine", "", trouble)


async def test_after_a_death_the_next_mail_is_read(path: Path, tmp_path: Path) -> None:
    digester = Digester(10, MEMORY, program(tmp_path, "if b'Hello' in open(question['path'], 'rb').read(): os._exit(1)\nreturn honest(question)"))
    other = Originals(tmp_path).keep("1" * 32, letter("Goodbye"))
    assert (await digester.digest(path)).trouble is Trouble.DIED
    assert (await digester.digest(other)).text == "Goodbye"
    await digester.close()


async def test_whose_headers_kill_too_comes_as_nothing(path: Path) -> None:
    digester = Digester(5, MEMORY, (sys.executable, "-c", "raise SystemExit"))
    mail = await digester.digest(path)
    await digester.close()
    assert (mail.subject, mail.trouble) == ("", Trouble.DIED)


async def test_the_worker_writes_no_file_and_knows_no_secret(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_PASSWORD", "secret")
    body = f"""
        assert 'EMAIL_PASSWORD' not in os.environ
        try:
            os.write(os.open({str(tmp_path / "made")!r}, os.O_CREAT | os.O_WRONLY), b'x')
        except OSError:
            return honest(question)
    """
    digester = Digester(10, MEMORY, program(tmp_path, body))
    assert (await digester.digest(path)).text == "Hello"
    await digester.close()


async def test_one_process_reads_many(path: Path, tmp_path: Path) -> None:
    digester = Digester(10, MEMORY, program(tmp_path, "found = honest(question)\nreturn found.replace(b'Hello', str(os.getpid()).encode())"))
    texts = [(await digester.digest(path)).text for _ in range(3)]
    await digester.close()
    assert len(set(texts)) == 1
    assert texts[0] != str(os.getpid())


async def test_many_who_ask_at_once_get_their_own_answers(tmp_path: Path) -> None:
    paths = [Originals(tmp_path).keep(f"{number:032x}", letter(f"mail {number}")) for number in range(8)]
    digester = Digester(10, MEMORY)
    mails = await asyncio.gather(*(digester.digest(path) for path in paths))
    await digester.close()
    assert [mail.text for mail in mails] == [f"mail {number}" for number in range(8)]


async def test_who_is_stopped_while_asking_leaves_no_answer_to_the_next(tmp_path: Path) -> None:
    first, second = (Originals(tmp_path).keep(f"{number:032x}", letter(f"mail {number}")) for number in range(2))
    digester = Digester(10, MEMORY)
    stopped = asyncio.create_task(digester.digest(first))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopped.cancel()
    await asyncio.gather(stopped, return_exceptions=True)
    assert (await digester.digest(second)).text == "mail 1"
    await digester.close()


async def test_a_part_that_is_not_there_is_not_found(path: Path) -> None:
    digester = Digester(10, MEMORY)
    with pytest.raises(NotFound):
        await digester.part(path, 99)
    await digester.close()


@pytest.mark.parametrize("name", ["", "x", "../" + "0" * 29, "0" * 31, "0" * 33, "A" * 32, "0" * 31 + "\n"])
def test_a_name_that_is_none_leads_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Originals(tmp_path).keep(name, b"x")


def test_a_mail_lies_there_for_nobody_else(tmp_path: Path) -> None:
    Originals(tmp_path / "mail").keep("0" * 32, b"x")
    assert (tmp_path / "mail").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("raw", [b"A: b\r\n\r\nx", b"A: b\n\nx", b"A: b", b"", b"\r\n\r\nx", b"A: " + b"b" * 10_000_000])
def test_headers_have_an_end(raw: bytes) -> None:
    assert len(head(raw)) < 300_000
    assert b"\r\n\r\n" in head(raw)


def test_the_worker_loads_no_more_than_it_needs() -> None:
    import subprocess

    code = "import sys, channels.email.worker, channels.email.digest; print(sorted({'aiohttp', 'imap_tools', 'aiosmtplib', 'sqlalchemy'} & set(sys.modules)))"
    said = subprocess.run([PROGRAM[0], "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert said.stdout.strip() == "[]"
