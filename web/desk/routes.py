"""The addresses of the staff inbox under /desk: list, thread, deeds, what a script asks every few seconds, files."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from crm.base.actors import Rep
from crm.base.db import Session, Store
from crm.base.errors import Busy, DragomanError, Expired, Forbidden, Invalid, NotFound, Stale, Taken, Unreachable
from crm.base.files import PICTURES
from crm.base.i18n import translator
from crm.base.outbound import Media
from crm.base.settings import Company
from crm.base.webhooks import media_type
from crm.conversations.desk import Listed, inbox
from crm.conversations.later import LATER
from crm.conversations.media import MediaFiles
from crm.people.logins import SLIDE_MS, Entered, enter, slide
from crm.reports.find import LENGTH, Candidate, candidates, further, matching
from crm.reports.thread import file_at, look_at
from web.desk import deeds, people, view
from web.desk.entry import MALFORMED, ROOT, Cookies, guarded, new_key, read_form, read_parts, same, token_of
from web.desk.files import MB, Empty, Sent, TooBig, take
from web.desk.gate import Gate
from web.desk.options import DeskOptions
from web.desk.paper import Paper
from web.desk.words import DONE, TOO_BIG, sorry

log = logging.getLogger(__name__)
_STATUS: dict[type[DragomanError], int] = {
    TooBig: 413,
    Empty: 400,
    NotFound: 404,
    Taken: 403,
    Forbidden: 403,
    Stale: 409,
    Expired: 409,
    Unreachable: 409,
    Invalid: 400,
    Busy: 503,
}


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything one page shows; `problem` says what stood in the way, `draft` is what was not sent, `deed` what it was meant for.

    What the customer said after `since` overtook it. `find` is what was searched for.
    """

    rep: Rep
    rows: tuple[view.Row, ...]
    count: int
    pane: view.Pane | None = None
    same: people.Same = field(default_factory=people.Same)
    problem: str = ""
    status: int = 200
    draft: str = ""
    deed: str = ""
    done: str = ""
    about: int = 0
    after: int = 0
    since: int = 0
    find: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page is asked to show: a conversation (0 = only the list), the list after so many."""

    conversation_id: int = 0
    after: int = 0
    now: int = 0


class Desk:
    """The staff inbox of one company."""

    def __init__(self, options: DeskOptions, store: Store, company: Company, files: MediaFiles, clock: Callable[[], int]) -> None:
        self._options, self._store, self._company, self._files, self._clock = options, store, company, files, clock
        self._cookies, self._paper = Cookies(options), Paper(company)
        self._gate = Gate(options, store, company, self._cookies, self._paper, clock)

    def routes(self) -> Sequence[web.RouteDef]:
        """List the addresses."""
        return [
            web.get(ROOT, guarded(self._list)),
            web.get(ROOT + "/c/{number}", guarded(self._thread)),
            web.post(ROOT + "/c/{number}", guarded(self._do)),
            web.get(ROOT + "/c/{number}/files/{file}", guarded(self._file), allow_head=False),
            web.get(ROOT + "/now", guarded(self._now), allow_head=False),
            *self._gate.routes(),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        words = request.query.get("find", "").strip()[:LENGTH]
        if words:
            return await self._found(request, words)
        return await self._page(request, Wish(after=deeds.number(request.query.get("after", ""))))

    async def _found(self, request: web.Request, words: str) -> web.StreamResponse:
        """Who is meant by some words; reading names takes a while, so a thread does it and the loop goes on."""
        key, now = self._cookies.key(request), self._clock()

        def ask(session: Session) -> tuple[Rep, list[Candidate], bool, list[Listed]]:
            rep, region = enter(session, key, now=now).rep, self._company.region
            return (rep, *candidates(session, rep, words, region), further(session, rep, words, region))

        try:
            rep, found, sure, more = await self._store.read(ask)
        except Expired:
            return self._gate.outside(request)
        listed = await asyncio.to_thread(matching, found, words, sure=sure, most=self._options.rows)
        known = {one.conversation_id for one in listed}
        listed = [*listed, *(one for one in more if one.conversation_id not in known)][: self._options.rows]
        place = view.Place(translator(rep.language), rep, self._company.zone, now)
        return self._paper_of(Screen(rep, tuple(view.row(place, one) for one in listed), len(listed), find=words), key)

    async def _thread(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Wish(_conversation(request)))

    async def _page(self, request: web.Request, wish: Wish) -> web.StreamResponse:
        key = self._cookies.key(request)
        try:
            entered, screen = await self._see(key, wish)
        except Expired:
            return self._gate.outside(request)
        answer = self._paper_of(replace(screen, done=request.query.get("done", ""), about=deeds.number(request.query.get("about", ""))), key)
        if entered.seen_at < self._clock() - SLIDE_MS:
            await self._slide(answer, key)
        return answer

    async def _now(self, request: web.Request) -> web.StreamResponse:
        """What a script shows without loading the page again; 304 while nothing has changed."""
        wish = Wish(deeds.number(request.query.get("c", "")), deeds.number(request.query.get("after", "")))
        try:
            _, screen = await self._see(self._cookies.key(request), wish)
        except Expired:
            raise web.HTTPUnauthorized from None
        told = {"rows": [asdict(row) for row in screen.rows], "waiting": view.waiting(screen.rows), "pane": asdict(screen.pane) if screen.pane else None}
        told["same"] = asdict(screen.same)
        body = json.dumps(told, ensure_ascii=False)
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(text=body, content_type="application/json", headers={"ETag": tag})

    async def _do(self, request: web.Request) -> web.StreamResponse:
        """One deed, then the page as it stands; what was refused is said on the page, with the words that were not sent still in it."""
        key, number, options = self._cookies.key(request), _conversation(request), self._options
        fields: dict[str, str] = {}
        part, sent = None, None
        if media_type(request.headers) == "multipart/form-data":
            part = await read_parts(request, options, fields)
        else:
            fields = await read_form(request, options)
        if not key:
            return self._gate.outside(request)
        if not same(fields.get("token", ""), token_of(key)):
            raise web.HTTPForbidden(text="this form is not of your session: load the page again")
        try:
            sent = await self._take(key, part) if part else None
            asked = deeds.read(number, fields, sent, deeds.Place(self._clock(), self._company.zone, options.sendable, options.text))
            done = await self._store.write(lambda session: deeds.carry_out(session, key, asked))
            self._settle(sent, shown=done)
        except DragomanError as error:
            # A database that was busy may have done it all the same: the file stays in doubt, and is tidied away when nothing shows it.
            if not isinstance(error, Busy):
                self._settle(sent, shown=False)
            return await self._refused(request, number, fields, error, again=sent is not None)
        about = f"&about={asked.about}" if asked.about else ""
        raise web.HTTPSeeOther(f"{ROOT}/c/{number}" + (f"?done={asked.deed}{about}" if asked.deed in DONE else ""))

    async def _take(self, key: str, part: BodyPartReader) -> Sent | None:
        """Keep the file of somebody who is logged in."""
        now = self._clock()
        await self._store.read(lambda session: enter(session, key, now=now))
        try:
            async with asyncio.timeout(self._options.file_seconds):
                return await take(self._files, part, self._options.file)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except MALFORMED:
            raise web.HTTPBadRequest from None
        except OSError as error:
            log.error("a file of a member of staff was not kept: %s", error)
            raise Busy from error

    def _settle(self, sent: Sent | None, *, shown: bool) -> None:
        if sent and shown:
            self._files.sure(sent.ref.ref)
        elif sent:
            self._files.drop(sent.ref.ref)

    async def _refused(self, request: web.Request, number: int, fields: dict[str, str], error: DragomanError, *, again: bool) -> web.StreamResponse:
        """The page with what stood in the way; `again` = there was a file, which the browser does not keep."""
        key = self._cookies.key(request)
        try:
            _, screen = await self._see(key, Wish(number))
        except Expired:
            return self._gate.outside(request)
        tr = translator(screen.rep.language)
        problem, draft = sorry(tr, error) + (f" {tr('Choose the file again.')}" if again else ""), fields.get("text", "")[: self._options.text]
        since = deeds.number(fields.get("seen", "")) if isinstance(error, Stale) else 0
        return self._paper_of(replace(screen, problem=problem, status=_status(error), draft=draft, deed=fields.get("deed", ""), since=since), key)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A file of a conversation, never as a page of ours: pictures are shown, everything else is saved."""
        key, number = self._cookies.key(request), deeds.number(request.match_info["file"])
        now = self._clock()

        def ask(session: Session) -> Media:
            return file_at(session, enter(session, key, now=now).rep, _conversation(request), number)

        try:
            media = await self._store.read(ask)
            async with self._files.open(media.attachment_id) as chunks:
                answer = web.StreamResponse(headers=_file_headers(media))
                await answer.prepare(request)
                async for chunk in chunks:
                    await answer.write(chunk)
        except (DragomanError, FileNotFoundError):
            raise web.HTTPNotFound from None
        await answer.write_eof()
        return answer

    async def _see(self, key: str, wish: Wish) -> tuple[Entered, Screen]:
        wish = replace(wish, now=self._clock())
        return await self._store.read(lambda session: self._look(session, key, wish))

    def _look(self, session: Session, key: str, wish: Wish) -> tuple[Entered, Screen]:
        """Read a page from one snapshot; a conversation that cannot be shown is a problem on the page of the list."""
        entered = enter(session, key, now=wish.now)
        rep, options = entered.rep, self._options
        place = view.Place(translator(rep.language), rep, self._company.zone, wish.now)
        listed, count = inbox(session, rep, after=wish.after, most=options.rows)
        screen = Screen(rep, tuple(view.row(place, one) for one in listed), count, after=wish.after)
        if not wish.conversation_id:
            return entered, screen
        try:
            seen = look_at(session, rep, wish.conversation_id, options.titles, last=options.lines)
        except DragomanError as error:
            return entered, replace(screen, problem=sorry(place.tr, error), status=_status(error))
        sendable = not options.sendable or seen.account in options.sendable
        same = people.read(session, place, seen, options.titles)
        pane = view.pane(place, seen, sendable=sendable)
        told = tuple(people.written_on(session, place, seen, options.titles, self._company))
        return entered, replace(screen, pane=replace(pane, facts=(*pane.facts, *told)), same=same)

    def _paper_of(self, screen: Screen, key: str) -> web.Response:
        shown = screen.after + len(screen.rows)
        values: dict[str, object] = {
            "screen": screen,
            "token": token_of(key),
            "once": new_key(),
            "more": shown if shown < screen.count else 0,
            "later": LATER,
            "waiting": view.waiting(screen.rows),
            "done": DONE.get(screen.done, ""),
            "most": self._options.text,
            "bytes": self._options.file,
            "too_big": translator(screen.rep.language)(TOO_BIG, size=self._options.file // MB),
        }
        return self._paper.page("desk.html", screen.rep.language, values, status=screen.status)

    async def _slide(self, answer: web.StreamResponse, key: str) -> None:
        """Reading counts as use, at most once an hour; where it cannot be written down now, the next page tries again."""
        now = self._clock()
        try:
            await self._store.write(lambda session: slide(session, key, now=now, lasts=self._options.lasts))
        except DragomanError:
            return
        self._cookies.keep(answer, key)


def _conversation(request: web.Request) -> int:
    number = deeds.number(request.match_info["number"])
    if not number:
        raise web.HTTPNotFound
    return number


def _status(error: DragomanError) -> int:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def _file_headers(media: Media) -> dict[str, str]:
    picture = media.mime in PICTURES
    saved = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(media.name or 'file', safe='')}"
    return {
        "Content-Type": media.mime if picture else "application/octet-stream",
        "Content-Disposition": "inline" if picture else saved,
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
    }
