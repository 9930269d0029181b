"""Works: every kind of long work of the exchange, under its name, and what is done when one breaks for good."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from crm.base.db import Session, Store
from crm.base.jobs import Work
from crm.base.settings import Company
from crm.base.table import Base
from crm.exchange import carding, runs
from crm.exchange.capturing import READ as CAPTURE
from crm.exchange.carding import Carding
from crm.exchange.erasing import Erasing
from crm.exchange.erasure import ERASE
from crm.exchange.exports import EXPORT, Exports
from crm.exchange.imports import READ, RUN, TRY, UNDO
from crm.exchange.made import Open
from crm.exchange.package import PACKAGE, Packages
from crm.exchange.past_runs import PastRuns, past_kind
from crm.exchange.runs import Fetch, Imports, Kind
from crm.exchange.stale import Stale
from crm.exchange.support import SUPPORT, Supports
from crm.exchange.support_lines import About
from crm.outbox.notices import Notice, NoticeKind, tell

IMPORTS = frozenset({READ, TRY, RUN, UNDO, *map(past_kind, (TRY, RUN, UNDO))})


class Exchange:
    """What takes imports and exports of one company to their end; `folder` is the data folder.

    `about` says what the database does not know of the installation.
    `tables` are all there are: what is forgotten or exported must be known whole, whichever pieces of the product run beside it.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        company: Company,
        clock: Callable[[], int],
        tables: Sequence[type[Base]],
        fetch: Fetch | None = None,
        about: Callable[[], About] | None = None,
    ) -> None:
        self.tables = tables
        self._lists = Stale(store)
        self._imports, self._clock = Imports(store, folder, company, clock, fetch), clock
        self.made = self._imports.made
        self._carding = Carding(store, folder, company, clock, fetch)
        exports = Exports(store, folder, company.zone, self.made, clock)
        packages = Packages(store, folder, (company.name, company.zone), self.made, clock)
        erasing = Erasing(store, folder, company.name, company.link_key, self.made, clock)
        support = Supports(store, company.zone, self.made, clock, about)
        read = {SUPPORT: support.make, **self._imports.kinds(), **PastRuns(store, company, clock).kinds(), **self._carding.kinds()}
        self.kinds: Mapping[str, Kind] = {**read, EXPORT: exports.export, PACKAGE: packages.make, ERASE: erasing.erase}

    def opening(self, otherwise: Open) -> Open:
        """What opens files for a carrier, those of the house too."""
        return self.made.opening(otherwise)

    def failed(self, session: Session, work: Work, words: str, now: int) -> None:
        """A job broke for good."""
        if work.kind in IMPORTS:
            runs.failed(session, work, words, now=now)
        elif work.kind == CAPTURE:
            carding.failed(session, work, now=now)
        else:
            tell(session, [Notice(NoticeKind.JOB_FAILED, work.id, f"job_failed:{work.id}")], now=now)

    async def tidy(self) -> None:
        """Take away files whose time is over, and the words of lists that nobody needs any more."""
        await self.made.tidy(now=self._clock())
        await self._lists.tidy(now=self._clock())
        await self._carding.tidy(now=self._clock())
