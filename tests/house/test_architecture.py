"""The shape of the code: every file keeps every law of the house, and each law can really fail."""

from textwrap import dedent

import pytest

from tests.house.laws import LAWS, broken
from tests.house.sources import Source, read_all

LATER = "TO" + "DO"


@pytest.mark.parametrize("words", LAWS)
def test_the_code_keeps_the_law(words: str) -> None:
    assert [f"{source.path}:{fault}" for source in read_all() for fault in LAWS[words](source)] == []


def test_every_part_of_the_product_is_read() -> None:
    assert {source.package for source in read_all()} >= {"main", "channels", "bots", "scheduler", "web", "console", "crm", "sandbox", "tests"}


def source(path: str, text: str) -> Source:
    return Source(path, '"""A file."""\n' + dedent(text))


IMPORTS_REFUSED = [
    ("crm/sales/leads.py", "import channels"),
    ("crm/sales/leads.py", "from bots.customer.engine import answer"),
    ("channels/viber.py", "from web.pages import Pages"),
    ("channels/viber.py", "def late():\n    from bots import turn"),
    ("web/pages.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from channels.form import Form"),
    ("scheduler/jobs.py", "import console.run"),
    ("console/run.py", "import importlib\nimportlib.import_module('sandbox.app')"),
    ("console/run.py", "import asyncio, importlib\nasyncio.to_thread(importlib.import_module, 'channels.telegram')"),
    ("bots/staff/app.py", "from sandbox.app import serve"),
    ("crm/base/db.py", "from tests.conftest import store"),
    ("sandbox/app.py", "from crm.base import time"),
    ("main.py", "from tests.conftest import store"),
    ("bots/customer/engine.py", "from bots.staff import words"),
    ("bots/customer/engine.py", "from ..staff import words"),
    ("bots/customer/engine.py", "from .. import staff"),
    ("bots/staff/app.py", "import bots.customer.engine"),
    ("crm/base/db.py", "from crm.people.reps import reps"),
    ("crm/base/db.py", "from crm import people"),
    ("crm/base/db.py", "from ..people import reps"),
    ("crm/outbox/gate.py", "from crm.conversations.talk import say"),
    ("crm/sales/leads.py", "from crm.outreach import sequences"),
    ("crm/people/reps.py", "from crm.tables import metadata"),
    ("crm/people/reps.py", "import crm.schema"),
    ("crm/locale/extract.py", "from crm.people import reps"),
    ("crm/marketing/ads.py", "import json"),
    ("crm/base/events.py", "import aiogram"),
    ("bots/staff/app.py", "from aiogram import Bot"),
    ("channels/telegram/wire.py", "from telegram import Bot"),
    ("scheduler/jobs.py", "import apscheduler.schedulers.asyncio"),
    ("console/doctor.py", "import aiohttp"),
    ("bots/customer/engine.py", "import aiohttp"),
    ("scheduler/jobs.py", "from sqlalchemy.orm import Session"),
    ("crm/schema.py", "from alembic import command"),
    ("crm/people/reps.py", "from sqlalchemy.dialects.sqlite import insert"),
    ("tests/crm/test_x.py", "from sqlalchemy.dialects import sqlite"),
    ("console/init.py", "import rich"),
]


@pytest.mark.parametrize(("path", "text"), IMPORTS_REFUSED)
def test_an_import_that_crosses_a_border_is_reported(path: str, text: str) -> None:
    assert broken(source(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.py", "from sandbox.stage import open_stage\nfrom aiohttp import web"),
        ("crm/inbox/process.py", "from crm.outreach.sequences import Enrollment\nfrom crm.base import db"),
        ("crm/people/merge.py", "from .contacts import Contact\nfrom ..base import db"),
        ("crm/tables.py", "from crm.inbox.log import Offset"),
        ("crm/migrations/env.py", "from alembic import context\nfrom crm.tables import metadata"),
        ("crm/locale/extract.py", "from crm.base.i18n import PLURALS"),
        ("crm/base/dialect.py", "from sqlalchemy.dialects import sqlite"),
        ("crm/base/dialect_rows.py", "from sqlalchemy.dialects import sqlite"),
        ("channels/telegram/wire.py", "import aiogram, aiohttp"),
        ("channels/telegram_business.py", "import aiogram"),
        ("bots/staff/app.py", "import telegram\nfrom bots.staff import words"),
        ("bots/turn.py", "from bots.customer.engine import answer"),
        ("tests/walks/test_story.py", "import aiohttp, sandbox.app, sqlalchemy, alembic, telegram, aiogram"),
        ("console/init.py", "import getpass\nfrom dotenv import dotenv_values\nfrom crm.schema import HEAD"),
    ],
)
def test_an_import_along_the_star_is_fine(path: str, text: str) -> None:
    assert broken(source(path, text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "ok = account == 'telegram'",
        "ok = 'webchat' != account",
        "ok = account in ('telegram', 'viber')",
        "ok = account not in {'telegram:shop'}",
        "match account:\n    case 'telegram' | 'other':\n        pass",
        "match pair:\n    case ('webchat', _):\n        pass",
        "match channel:\n    case 'form':\n        pass",
        "titles = {'telegram': 'Telegram'}",
        "quick = frozenset({'webchat'})",
        "title = titles['form']",
        "title = titles.get('form')",
        "ok = account.startswith('telegram')",
    ],
)
@pytest.mark.parametrize("path", ["crm/outbox/fit.py", "bots/customer/engine.py", "scheduler/jobs.py"])
def test_deciding_by_a_channels_name_is_reported(path: str, text: str) -> None:
    assert broken(source(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("bots/customer/hearing.py", "match heard.kind:\n    case 'form':\n        pass"),
        ("bots/customer/hearing.py", "ok = heard.kind == 'form'"),
        ("crm/outbox/fit.py", "log('telegram')\nok = account == other"),
        ("channels/telegram/send.py", "ok = account == 'telegram'"),
        ("bots/staff/words.py", "titles = {'telegram': 'Telegram'}"),
    ],
)
def test_other_words_and_other_places_are_fine(path: str, text: str) -> None:
    assert broken(source(path, text)) == []


def lines(count: int) -> str:
    return "x = 1\n" * count


def nested(depth: int) -> str:
    return "def deep() -> None:\n    '''Deep.'''\n" + "".join("    " * (level + 1) + "if x:\n" for level in range(depth)) + "    " * (depth + 1) + "pass\n"


DEEP = """
async def deep():
    async with x:
        try:
            pass
        except OSError:
            for y in z:
                while y:
                    match y:
                        case 1:
                            pass
"""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("crm/people/merge.py", lines(350)),
        ("tests/test_x.py", lines(600)),
        ("crm/people/merge.py", "def long() -> None:\n    '''Long.'''\n" + "    x = 1\n" * 59),
        ("crm/people/merge.py", nested(5)),
        ("crm/people/merge.py", nested(4).replace("pass", "with x:\n" + "    " * 6 + "pass")),
        ("sandbox/app.py", DEEP),
    ],
)
def test_what_has_grown_too_big_is_reported(path: str, text: str) -> None:
    assert broken(source(path, text))


def test_what_is_just_small_enough_is_fine() -> None:
    assert broken(source("crm/people/merge.py", lines(349))) == []
    assert broken(source("crm/tables.py", lines(900))) == []
    assert broken(source("crm/people/merge.py", nested(4))) == []
    many = "def flat(x: int) -> None:\n    '''Flat.'''\n    if x == 0:\n        pass\n" + "".join(f"    elif x == {n}:\n        pass\n" for n in range(9))
    assert broken(source("crm/people/merge.py", many)) == []


@pytest.mark.parametrize(
    "text",
    [
        "from unittest import mock",
        "from unittest.mock import patch",
        "import mock",
        "def test_x(monkeypatch):\n    monkeypatch.setattr('crm.base.db.hold', None)",
        "def test_x(mocker):\n    pass",
        "import pytest\npytest.skip('not today')",
        "import pytest\npytest.skip(reason=WHY)\nWHY = 'slow'",
        "import pytest\n@pytest.mark.skip\ndef test_x(): pass",
        "import pytest\n@pytest.mark.skipif(True, reason='flaky')\ndef test_x(): pass",
        "import pytest\n@pytest.mark.xfail\ndef test_x(): pass",
        "import pytest\nx = pytest.importorskip('telegram')",
        f"x = 1  # {LATER}: later",
        "try:\n    pass\nexcept:\n    pass",
        "import asyncio\nasync def a():\n    await asyncio.wait_for(b, 1)",
        "from asyncio import wait_for",
    ],
)
def test_a_bad_habit_is_reported(text: str) -> None:
    assert broken(source("tests/test_x.py", text))


@pytest.mark.parametrize(
    "text",
    [
        "def test_x(monkeypatch):\n    monkeypatch.setenv('TZ', 'UTC')\n    monkeypatch.chdir('/')",
        "import pytest\npytest.skip('needs root to mount')",
        "import pytest\na, b = 1, 2\n@pytest.mark.skipif(not a, reason='the Debian package chromium is not installed')\ndef test_x(): pass",
        "import pytest\nWHY = 'needs the Debian package chromium'\n@pytest.mark.skipif(True, reason=WHY)\ndef test_x(): pass",
        "try:\n    pass\nexcept Exception:\n    pass",
        "ready.wait_for(lambda: True)",
    ],
)
def test_a_good_habit_is_fine(text: str) -> None:
    assert broken(source("tests/test_x.py", text)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("crm/people/contact_utils.py", ""),
        ("crm/people/helpers.py", ""),
        ("web/common/page.py", ""),
        ("bots/staff/queue_manager.py", ""),
        ("crm/sales/service.py", ""),
        ("crm/sales/deals.py", "def win() -> None:\n    pass"),
        ("crm/sales/deals.py", "class Deal:\n    pass"),
        ("crm/sales/deals.py", "class Deal:\n    '''A deal.'''\n    def win(self) -> None:\n        pass"),
        ("crm/sales/deals.py", "from sqlalchemy import text\nx = text(f'SELECT {y}')"),
        ("web/pages.py", "if settings.demo:\n    pass"),
    ],
)
def test_a_vague_name_a_silent_definition_a_made_up_statement_are_reported(path: str, text: str) -> None:
    assert broken(source(path, text))


def test_a_module_without_a_docstring_is_reported() -> None:
    assert broken(Source("sandbox/app.py", "x = 1\n"))
    assert broken(Source("tests/__init__.py", "")) == []


def test_what_fulfils_a_contract_need_not_explain_it_again() -> None:
    assert broken(source("channels/viber.py", "class Viber:\n    '''Viber.'''\n    async def close(self) -> None:\n        pass")) == []
