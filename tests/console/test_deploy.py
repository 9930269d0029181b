"""What the image, the compose file, the unit and their page name is there: commands, files, settings."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from console.command_line import COMMANDS
from console.environment import Environment
from tests.house.sources import ROOT, read_all

DOCKERFILE, COMPOSE, UNIT = (ROOT / name for name in ("Dockerfile", "compose.yaml", "docs/dragoman.service"))
PAGE = ROOT / "docs" / "operations.md"
SETTINGS = {name.upper() for name in Environment.__dataclass_fields__}
OF_OTHERS = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
NOT_IN_AN_IMAGE = {"sandbox", "tests", "bench"}


@pytest.fixture(scope="module")
def image() -> str:
    """The Dockerfile with its long lines joined."""
    return DOCKERFILE.read_text().replace("\\\n", " ")


@pytest.fixture(scope="module")
def compose() -> str:
    return COMPOSE.read_text()


def copied(image: str) -> list[str]:
    """What the image takes from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", image, re.MULTILINE)
    return [name.rstrip("/") for line in lines for name in line.split()[:-1]]


def test_everything_the_image_takes_is_there_and_let_in(image: str) -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in copied(image) if not (ROOT / name).exists()] == []
    assert set(copied(image)) == let_in


def test_nothing_gets_into_the_image_by_itself() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert not [line for line in lines if line.startswith("!") and (".env" in line or "data" in line)]


def test_the_image_has_every_package_of_the_product(image: str) -> None:
    packages = {source.package for source in read_all()} - NOT_IN_AN_IMAGE - {"main"}
    assert packages <= set(copied(image))
    assert "main.py" in copied(image)


def test_the_image_installs_the_lock_by_its_hashes_and_runs_as_nobody_special(image: str) -> None:
    assert "--require-hashes -r /requirements.lock" in image
    assert re.findall(r"^USER (.+)$", image, re.MULTILINE) == ["dragoman"]
    assert image.rindex("\nUSER ") > image.rindex("\nRUN ")


@pytest.mark.parametrize("path", [DOCKERFILE, COMPOSE], ids=lambda path: path.name)
def test_images_are_called_by_their_plain_names(path: Path) -> None:
    named = re.findall(r"^(?:FROM|\s+image:) (\S+)", path.read_text(), re.MULTILINE)
    assert named
    assert [name for name in named if not re.fullmatch(r"(python:3\.\d+-slim|postgres:1[5-8]|dragoman)", name)] == []


def test_every_variable_that_is_set_is_somebodys(image: str, compose: str) -> None:
    set_in_image = re.findall(r"([A-Z][A-Z_]+)=", " ".join(re.findall(r"^ENV (.+)$", image, re.MULTILINE)))
    set_in_compose = re.findall(r"^\s+([A-Z][A-Z_]+): ", compose, re.MULTILINE)
    asked = re.findall(r"\$\{([A-Z_]+)", compose)
    assert {"HTTP_HOST", "LOG_FORMAT"} <= set(set_in_image)
    assert {*set_in_image, *set_in_compose, *asked} - SETTINGS - OF_OTHERS == set()


def test_the_compose_file_holds_no_secret(compose: str) -> None:
    assert re.findall(r"(?:PASSWORD|TOKEN): (?!\$\{)\S+", compose) == []


def test_every_volume_is_declared_and_the_data_folder_is_one(compose: str, image: str) -> None:
    mounted = dict(re.findall(r'volumes: \["(\w+):([^"]+)"\]', compose))
    declared = re.findall(r"^  (\w+):$", compose[compose.index("\nvolumes:") :], re.MULTILINE)
    [folder] = re.findall(r"^WORKDIR (.+)$", image, re.MULTILINE)
    assert set(mounted) == set(declared)
    assert mounted["data"] == f"{folder}/{Environment().data_dir}" == re.findall(r"^VOLUME (.+)$", image, re.MULTILINE)[0]


def test_every_anchor_of_the_compose_file_is_made_before_it_is_used(compose: str) -> None:
    text = re.sub(r"#.*", "", compose)
    for found in re.finditer(r"\*(\w+)", text):
        assert f"&{found[1]}" in text[: found.start()]


def test_ports_are_open_to_this_machine_only(compose: str) -> None:
    assert set(re.findall(r'ports: \["([\d.]+):\d+:8080"\]', compose)) == {"127.0.0.1"}


def test_a_stop_leaves_time_for_what_is_on_its_way(compose: str) -> None:
    needed = float(Environment().stop_seconds)
    assert float(re.findall(r"TimeoutStopSec=(\d+)", UNIT.read_text())[0]) > needed
    assert all(float(found) > needed for found in re.findall(r"stop_grace_period: (\d+)s", compose))


class Stub(BaseHTTPRequestHandler):
    """A product that is well or not."""

    status: ClassVar[int] = 200

    def do_GET(self) -> None:
        self.send_response_only(self.status if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def product() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Stub) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


def checked(image: str, port: int) -> int:
    """Run the image's own look at its health; a proxy of the environment has no say in it."""
    [words] = re.findall(r"HEALTHCHECK .*? CMD (\[.+\])$", image, re.MULTILINE)
    _, *given = json.loads(words)
    variables = {"HTTP_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run([sys.executable, *given], env=variables, capture_output=True).returncode


def test_the_health_check_sees_a_product_that_is_well_one_that_is_not_and_none(image: str, product: HTTPServer) -> None:
    Stub.status = 200
    well = checked(image, product.server_port)
    Stub.status = 503
    ill = checked(image, product.server_port)
    assert (well, ill, checked(image, 1)) == (0, 1, 1)


def words_of_the_unit(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_the_unit_starts_what_is_there_and_lets_it_write_its_data_only() -> None:
    [home], [start] = words_of_the_unit("WorkingDirectory"), words_of_the_unit("ExecStart")
    assert start == f"{home}/.venv/bin/python main.py run"
    assert words_of_the_unit("ReadWritePaths") == [f"{home}/{Environment().data_dir}"]
    assert words_of_the_unit("ProtectSystem") == ["strict"]
    assert [name for name in re.findall(rf"{home}/(docs/\S+)", UNIT.read_text()) if not (ROOT / name).exists()] == []


def test_systemd_can_read_the_unit() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs the Debian package systemd")
    found = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True).stderr
    assert [line for line in found.splitlines() if "is not executable" not in line] == []


def test_every_command_that_is_named_exists(image: str, compose: str) -> None:
    named = set(re.findall(r'^CMD \["(\w+)"\]', image, re.MULTILINE)) | set(re.findall(r"run --rm node ([a-z-]+)", compose + PAGE.read_text()))
    named |= set(re.findall(r"main\.py ([a-z][a-z-]+)", UNIT.read_text() + PAGE.read_text()))
    assert named - set(COMMANDS) == set()


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Z]+_[A-Z_]+)(?:=[^`]*)?`", PAGE.read_text()))
    assert named - SETTINGS - OF_OTHERS == set()


def test_every_metric_that_the_page_explains_exists_and_none_is_left_out() -> None:
    made = {f"dragoman_{name}" for name in re.findall(r'gauge\("(\w+)"', (ROOT / "web" / "metrics.py").read_text())}
    made |= {f"{name}_total" for name in re.findall(r'CounterMetricFamily\(\s*"(\w+)"', (ROOT / "web" / "metrics.py").read_text())}
    assert set(re.findall(r"`(dragoman_\w+)", PAGE.read_text())) == made
