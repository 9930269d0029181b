"""Files behind a link: saved with their own name, never a page of ours, gone when the address ends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from crm.base.db import Session, Store
from crm.base.events import MediaKind
from crm.base.outbound import Media
from crm.base.rows import add, take_ids
from crm.conversations.media import MediaFiles
from crm.conversations.threads import Attachment, MediaState, Message
from crm.outbox.shares import LASTS, Shares
from tests.conftest import NOON
from tests.crm.people.crowd import meet
from web.files import SharedFiles

EVIL = b"<script>alert(1)</script>"


class Site:
    """A firm whose files are handed out."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.files, self.now = store, MediaFiles(folder, store), NOON
        self.app = web.Application()
        self.app.add_routes(SharedFiles(store, self.files, lambda: self.now).routes())

    async def share(self, name: str = 'план "2".html', state: MediaState = MediaState.READY) -> str:
        """A file that came and went as a link; the path of its address."""

        async def bytes_of() -> AsyncIterator[bytes]:
            yield EVIL

        path, size = await self.files.save(bytes_of())

        def deed(session: Session) -> str:
            talk, (message, number) = meet(session, "ann").conversation, take_ids(session, 2)
            add(session, Message, [{"id": message, "conversation_id": talk, "author": "rep", "text": "", "at": NOON}])
            row = {"message_id": message, "account": "desk", "kind": "document", "ref": path, "name": name, "mime": "text/html", "path": path}
            add(session, Attachment, [{"id": number, **row, "size": size, "state": state.value}])
            return Shares("", b"key")(session, Media(number, MediaKind.DOCUMENT, name, "text/html", size), NOON)

        return await self.store.write(deed)


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Site:
    return Site(store, tmp_path / "media")


async def test_a_file_is_saved_under_its_name_and_never_shown(site: Site) -> None:
    async with TestClient(TestServer(site.app)) as browser:
        answer = await browser.get(await site.share())
        assert (answer.status, await answer.read()) == (200, EVIL)
        headers = answer.headers
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"] == "attachment; filename=\"file\"; filename*=UTF-8''%D0%BF%D0%BB%D0%B0%D0%BD%20%222%22.html"
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "private, no-store")
        assert "sandbox" in headers["Content-Security-Policy"]


async def test_an_address_that_has_ended_or_was_guessed_leads_nowhere(site: Site) -> None:
    async with TestClient(TestServer(site.app)) as browser:
        path = await site.share()
        site.now = NOON + LASTS
        for wrong in (path, "/files/" + "A" * 24, "/files/x", path + "x", path[:-1] + ("A" if path[-1] != "A" else "B")):
            assert (await browser.get(wrong)).status == 404


async def test_a_file_whose_bytes_are_gone_leads_nowhere(site: Site) -> None:
    async with TestClient(TestServer(site.app)) as browser:
        assert (await browser.get(await site.share(state=MediaState.MISSING))).status == 404
