"""The way out: over the session that follows, or over one of our own where nobody follows here."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from channels.smpp.options import TRANSCEIVER, SmppOptions
from channels.smpp.parse import canonical
from channels.smpp.pdu import Command, Short, id_of
from channels.smpp.session import Denied, Session, Unanswered, Unreachable
from channels.smpp.verdicts import NOT_BOUND, OK, WRONG_WHO, refusal
from crm.base.outbound import Reason, Receipt, RetryLater, Uncertain, Undeliverable

REMEMBERED, PARTING = 1000, 5.0
Followed = Callable[[], Session | None]
"""The session that follows; raises Unreachable where one is on its way."""


class Sender:
    """Sends the parts of a message one after another; what was taken of one that must wait is remembered, so that it goes on from there."""

    def __init__(self, options: SmppOptions, followed: Followed) -> None:
        self._options, self._followed = options, followed
        self._own: Session | None = None
        self._opening, self._until = asyncio.Lock(), 0.0
        self._taken: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self.trouble = ""

    async def send(self, ref: str, units: Sequence[Short]) -> Receipt:
        """Send a message; errors as `Carrier.send` says."""
        ids = list(self._taken.pop(ref, ()))[: len(units)]
        try:
            for unit in units[len(ids) :]:
                ids.append(await self._submit(unit))
        except (RetryLater, Undeliverable) as error:
            if isinstance(error, RetryLater) or error.reason is Reason.ACCOUNT_PROBLEM:  # both come again
                self._remember(ref, ids)
            raise
        return Receipt(tuple(number for number in ids if number), each=True)

    async def close(self) -> None:
        """Leave the session of our own."""
        async with self._opening:
            own, self._own = self._own, None
        if own is not None:
            await own.leave(PARTING)

    def _remember(self, ref: str, ids: Sequence[str]) -> None:
        if ref and ids:
            self._taken[ref] = tuple(ids)
            while len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)

    async def _submit(self, unit: Short) -> str:
        """Bring one part; answers the operator's id."""
        try:
            session = await self._session()
            answer = await session.submit(unit.encode())
        except Unreachable as error:
            self.trouble = f"the operator cannot be reached: {error}"
            raise RetryLater(self._options.later_seconds, account=True) from None
        except Denied as error:
            self.trouble = f"the operator refuses a session: {error}"
            if error.status in WRONG_WHO:
                raise Undeliverable(Reason.ACCOUNT_PROBLEM, self.trouble) from None
            raise RetryLater(self._options.later_seconds, account=True) from None
        except Unanswered as error:
            raise Uncertain(str(error)) from None
        if answer.status == OK and answer.command != Command.GENERIC_NACK:
            self.trouble = ""
            return canonical(id_of(answer.body), self._options.submit_ids)
        if answer.status == NOT_BOUND:
            await session.close()
        raise self._refused(answer.status)

    def _refused(self, status: int) -> RetryLater | Undeliverable:
        error = refusal(self._options, status)
        if isinstance(error, Undeliverable) and error.reason is Reason.ACCOUNT_PROBLEM:
            self.trouble = f"the operator refuses: {error.detail}"
        return error

    async def _session(self) -> Session:
        """The session that follows where it goes both ways, else one of our own."""
        if self._options.bind == TRANSCEIVER and (followed := self._followed()) is not None:
            return followed
        async with self._opening:
            if self._own is None or not self._own.stands:
                if time.monotonic() < self._until:
                    raise Unreachable("tried a moment ago")
                self._own = None
                self._until = time.monotonic() + self._options.first_wait
                self._own = await Session.open(self._options, Command.BIND_TRANSMITTER)
                self._until = 0.0
            return self._own
