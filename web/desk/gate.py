"""Gate: how staff get into the inbox and out again: one-time links, open sessions, logging out."""

from collections.abc import Callable, Sequence

from aiohttp import web

from crm.base.db import Session, Store
from crm.base.errors import Busy, DragomanError, Expired
from crm.base.i18n import LANGUAGES, translator
from crm.base.settings import Company
from crm.people.logins import Browser, Entered, Letterbox, accept, browsers, end, enter, good, log_in
from web.desk import deeds
from web.desk.entry import ROOT, Cookies, guarded, new_key, read_form, same, secret_in, token_of
from web.desk.options import DeskOptions
from web.desk.paper import Paper

# The first mark that is found decides: every browser says it is some others too.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


class Gate:
    """The doors of the inbox."""

    def __init__(self, options: DeskOptions, store: Store, company: Company, cookies: Cookies, paper: Paper, clock: Callable[[], int]) -> None:
        self._options, self._store, self._company, self._cookies, self._paper, self._clock = options, store, company, cookies, paper, clock
        self._letters = Letterbox(options.letters)

    def routes(self) -> Sequence[web.RouteDef]:
        """List the addresses."""
        return [
            web.get(ROOT + "/login/{secret}", guarded(self._offer)),
            web.post(ROOT + "/login", guarded(self._log_in)),
            web.get(ROOT + "/sessions", guarded(self._sessions)),
            web.post(ROOT + "/sessions", guarded(self._end)),
        ]

    def outside(self, request: web.Request, problem: str = "", status: int = 401) -> web.Response:
        """What somebody sees who is not logged in: how to get in."""
        return self._paper.page("desk_outside.html", self._language(request), {"problem": problem}, status=status)

    async def _offer(self, request: web.Request) -> web.StreamResponse:
        """A page with one button, so that whoever only looks at a link (a preview, a scanner) logs nobody in."""
        nonce = new_key()
        values = {"secret": secret_in(request.match_info["secret"]), "nonce": nonce}
        answer = self._paper.page("desk_login.html", self._language(request), values)
        self._cookies.keep_nonce(answer, nonce)
        return answer

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        fields = await read_form(request, self._options)
        secret, key = secret_in(fields.get("secret", "")), new_key()
        tr = translator(self._language(request))
        if not same(fields.get("nonce", ""), self._cookies.nonce(request)):
            return self.outside(request, tr("Open the link and press the button in the same browser."), 403)
        try:
            await self._use(request, secret, key)
        except Busy:
            return self.outside(request, tr("Too much is going on just now. Try again in a minute."), 503)
        except DragomanError:
            return self.outside(request, tr("This link has been used or is too old. Get a new one."), 403)
        answer = web.HTTPSeeOther(ROOT)
        self._cookies.keep(answer, key)
        raise answer

    async def _use(self, request: web.Request, secret: str, key: str) -> None:
        """Open a session; a guess costs a question and never a place at the writer."""
        now, before, agent = self._clock(), self._cookies.key(request), request.headers.get("User-Agent", "")[:500]
        letter = self._letters.find(secret, now=now)
        if letter is None and not await self._store.read(lambda session: good(session, secret, now=now)):
            raise Expired

        def deed(session: Session) -> None:
            if letter:
                accept(session, letter, secret)
            log_in(session, secret, key, agent=agent, now=now, before=before, lasts=self._options.lasts)

        await self._store.write(deed)
        if letter:
            self._letters.take(secret)

    async def _sessions(self, request: web.Request) -> web.StreamResponse:
        key, now = self._cookies.key(request), self._clock()

        def ask(session: Session) -> tuple[Entered, list[Browser]]:
            entered = enter(session, key, now=now)
            return entered, browsers(session, entered.rep, now=now)

        try:
            entered, found = await self._store.read(ask)
        except Expired:
            return self.outside(request)
        tr = translator(entered.rep.language)
        zone = self._company.zone
        rows = [(one.id, called(one.agent), tr.when(one.created_at, zone, now), tr.when(one.seen_at, zone, now), one.id == entered.session_id) for one in found]
        return self._paper.page("desk_sessions.html", entered.rep.language, {"rows": rows, "token": token_of(key), "rep": entered.rep})

    async def _end(self, request: web.Request) -> web.StreamResponse:
        """Log out here, end one other session, or all others."""
        key, now = self._cookies.key(request), self._clock()
        fields = await read_form(request, self._options)
        if not key:
            return self.outside(request)
        if not same(fields.get("token", ""), token_of(key)):
            raise web.HTTPForbidden(text="this form is not of your session: load the page again")
        which = fields.get("end", "")

        def deed(session: Session) -> bool:
            entered = enter(session, key, now=now)
            ids = _meant(which, entered, browsers(session, entered.rep, now=now))
            end(session, entered.rep, ids, now=now)
            return entered.session_id in ids

        try:
            out = await self._store.write(deed)
        except Expired:
            return self.outside(request)
        answer = web.HTTPSeeOther(ROOT if out else f"{ROOT}/sessions")
        if out:
            self._cookies.forget(answer)
        raise answer

    def _language(self, request: web.Request) -> str:
        """The language of somebody we do not know yet: their browser's, if it is one of ours, else the firm's."""
        accepted = (part.split(";")[0].strip().split("-")[0].lower() for part in request.headers.get("Accept-Language", "")[:200].split(","))
        return next((code for code in accepted if code in LANGUAGES), self._company.languages[0])


def called(agent: str) -> str:
    """What a browser calls itself, in two words people know, or its own words; pure."""
    found = [next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) or agent


def _meant(which: str, entered: Entered, found: Sequence[Browser]) -> list[int]:
    """The sessions meant by "here", "others" or a number; pure."""
    if which == "here":
        return [entered.session_id]
    if which == "others":
        return [one.id for one in found if one.id != entered.session_id]
    return [deeds.number(which)] if deeds.number(which) else []
