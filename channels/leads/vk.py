"""Leads of VK's forms for a firm that uses VK for nothing else: a Callback server of its own that hears lead_forms_new.

VK signs nothing: a word in each body, and an address that nobody can guess, are all the proof there is; every event is answered `ok`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from channels.base import Firm, Keep
from channels.callback import any_equal, plain
from channels.http import kept
from channels.leadfields import vk_form, vk_lead
from channels.leads.imported import FormOptions, Imported, check_naming, check_secrets
from channels.leads.posted import written
from crm.base.errors import Misconfigured
from crm.base.events import Event, RawEvent, Unknown


@dataclass(frozen=True, slots=True)
class VkLeadsOptions(FormOptions):
    """The forms of one community: its number, the word that VK wants to read at the first look, and all `secrets` that are believed in a body."""

    account: str
    group: int
    confirmation: str
    secrets: tuple[str, ...] = field(repr=False)
    title: str = "VK form"


class VkLeads(Imported):
    """A door for VK's Callback API."""

    def __init__(self, options: VkLeadsOptions, firm: Firm) -> None:
        super().__init__(options.account, options.title, firm)
        self._options, self._naming = options, options.naming
        check_naming(options.account, self._naming)
        check_secrets(options.account, "secrets", options.secrets)
        if options.group <= 0 or not options.confirmation:
            raise Misconfigured(f"{options.account} needs the community's number, and the words VK wants back, in confirmation")

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        told = await self.object_in(request, self._options)
        ours = told.get("group_id") == self._options.group
        if ours and told.get("type") == "confirmation":
            return web.Response(text=self._options.confirmation)
        if not any_equal(plain(told, "secret"), self._options.secrets) or not ours:
            self.counts["refused"] += 1
            raise web.HTTPForbidden
        del told["secret"]
        form, name = vk_form(told)
        if name:
            await kept(keep, [self.kept_as(name, written(told), self.firm.clock(), plain(form, "user_id"))], again=self._options.again)
        self.counts["kept" if name else "passed over"] += 1
        return web.Response(text="ok")

    def read(self, told: Mapping[str, object], raw: RawEvent) -> Event:
        """One lead."""
        return vk_lead(told, self._naming, raw.received_at) or Unknown("empty form", at=raw.received_at)
