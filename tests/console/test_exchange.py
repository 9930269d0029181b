"""Lists, exports and erasures at the machine itself."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from console import bringing, exporting
from console.bringing import Wish
from console.environment import Environment
from crm.base.errors import DragomanError, Invalid, Misconfigured

LIST = "Имя;Телефон\nAnna;+37491700001\nBagrat;091700002\n".encode("cp1251")


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """An installation of its own."""
    return Environment(database_url=f"sqlite:///{tmp_path}/data/dragoman.db", data_dir=str(tmp_path / "data"))


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """A list of two people."""
    path = tmp_path / "clients.csv"
    path.write_bytes(LIST)
    return path


def test_a_list_is_tried_brought_in_and_taken_back(env: Environment, clients: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bringing.run(env, Wish(str(clients))) == 0
    assert "Nothing is written yet" in capsys.readouterr().out
    assert bringing.run(env, Wish(str(clients), write=True)) == 0
    told = capsys.readouterr().out
    assert "2 new" in told
    number = int(told.rsplit("--undo ", 1)[1].split("`")[0])
    assert bringing.run(env, Wish(undo=number)) == 0
    assert "Taken back" in capsys.readouterr().out
    bringing.run(env, Wish())
    assert f"{number}  undone  2 rows  clients.csv" in capsys.readouterr().out


def test_what_cannot_be_read_says_why(env: Environment, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="opened"):
        bringing.run(env, Wish(str(tmp_path / "nowhere.csv")))
    (tmp_path / "odd.csv").write_bytes(b"Who;Where\nAnna;+37491700001\n")
    with pytest.raises(Invalid, match="no column"):
        bringing.run(env, Wish(str(tmp_path / "odd.csv"), columns=("Phone=phone",)))


def test_everything_and_one_person_are_written_where_it_says(env: Environment, clients: Path, tmp_path: Path) -> None:
    bringing.run(env, Wish(str(clients), write=True))
    assert exporting.run(env, str(tmp_path / "all.zip"), files=True, person=0) == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as book:
        rows = list(csv.reader(io.StringIO(book.read("people.csv").decode("utf-8-sig"))))
    assert rows[1][1:3] == ["Anna", "+37491700001"]
    assert exporting.run(env, str(tmp_path / "anna.zip"), files=False, person=int(rows[1][0])) == 0
    with zipfile.ZipFile(tmp_path / "anna.zip") as book:
        assert "+37491700001" in book.read("index.html").decode()
        assert "Bagrat" not in book.read("data.json").decode()
    with pytest.raises(Misconfigured, match="already"):
        exporting.run(env, str(tmp_path / "all.zip"), files=False, person=0)


def test_a_person_is_forgotten_only_when_it_is_said_twice(env: Environment, clients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bringing.run(env, Wish(str(clients), write=True))
    exporting.run(env, str(tmp_path / "before.zip"), files=False, person=0)
    with zipfile.ZipFile(tmp_path / "before.zip") as book:
        number = int(list(csv.reader(io.StringIO(book.read("people.csv").decode("utf-8-sig"))))[1][0])
    exporting.erase(env, number, "", sure=False)
    assert "Nothing is done yet" in capsys.readouterr().out
    exporting.erase(env, number, str(tmp_path / "certificate.html"), sure=True)
    assert "Certificate of erasure" in (tmp_path / "certificate.html").read_text()
    exporting.run(env, str(tmp_path / "after.zip"), files=False, person=0)
    with zipfile.ZipFile(tmp_path / "after.zip") as book:
        everything = "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    assert "Anna" not in everything
    assert "Bagrat" in everything


def test_nobody_is_forgotten_by_a_wrong_number(env: Environment) -> None:
    with pytest.raises(DragomanError):
        exporting.erase(env, 12_345, "", sure=False)
