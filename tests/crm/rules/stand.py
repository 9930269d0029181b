"""A stand for rules: a manager who makes them, customers who write, and a clock that goes on."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations.threads import Conversation
from crm.people.contacts import Contact
from crm.rules import rules, runs
from crm.rules.plans import unpack
from crm.rules.runs import RuleRun
from crm.sales.deals import open_deal
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


class Stand:
    """A firm with a manager; `now` is what the clock says."""

    def __init__(self, store: Store, company: Company) -> None:
        self.store, self.company, self.now, self._keys = store, company, NOON, 0
        self.boss: Rep

    async def open(self) -> "Stand":
        """Somebody may make rules, and the first rule's listening has begun."""
        self.boss = await hire(self.store, "mariam", Role.MANAGER)
        return self

    async def do(self, deed: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """A verb in the manager's name."""
        return await self.store.write(lambda session: deed(session, self.boss, *given, **named, now=self.now))

    async def rule(self, event: str, *do: dict[str, Any], on: bool = True, name: str = "", **data: Any) -> int:
        """A rule that is switched on, and has begun to listen."""
        made = await self.do(rules.make, name or f"{event} {self._key()}", unpack(json.dumps({"event": event, "do": list(do), **data})))
        if on:
            await self.do(rules.switch, made.id, True)
            await self.act()
        return int(made.id)

    async def act(self, later: int = 0) -> None:
        """Time passes, and the rules do what is due until there is nothing more."""
        self.now += later
        for _ in range(200):
            if not await self.store.write(lambda session: runs.act(session, self.company, now=self.now)):
                return
        raise AssertionError("the rules never end")

    async def writes(self, who: str, text: str = "hi") -> int:
        """A customer writes; answers their conversation."""
        await hear(self.store, self.company, said(self._key(), who, text, self.now), now=self.now)
        found = await rows(self.store, select(Conversation.id).where(Conversation.address == who))
        return int(found[0])

    async def person(self, who: str) -> int:
        """The number of a customer who has written."""
        found = await rows(self.store, select(Contact.id).join(Conversation, Conversation.contact_id == Contact.id).where(Conversation.address == who))
        return int(found[0])

    async def deal(self, who: str = "ann") -> int:
        """A deal of the manager's with a customer who has just written."""
        talk = await self.writes(who)
        key = f"deal {self._key()}"
        return int(await self.store.write(lambda s: open_deal(s, self.boss, talk, self.company, once=key, now=self.now).id))

    async def outcomes(self, rule_id: int = 0) -> list[str]:
        """What became of the runs, in order."""
        wanted = select(RuleRun.outcome).order_by(RuleRun.id)
        return await rows(self.store, wanted.where(RuleRun.rule_id == rule_id) if rule_id else wanted)

    def _key(self) -> int:
        self._keys += 1
        return self._keys


__all__ = ["HOUR", "Stand"]
