"""Facing: what the customer's bot is told of a thread before it answers."""

from crm.base.answers import Exchange, Facts, Heard, Opening
from crm.base.settings import Company
from crm.inbox.known import Thread


def facts_of(thread: Thread, company: Company, opens: Opening | None) -> Facts:
    """What a flow may know of a thread."""
    return Facts(
        company=company.name,
        language=thread.language,
        languages=company.languages,
        channel=thread.account,
        name=thread.name,
        platform_name=thread.platform_name,
        need=thread.need,
        phone="known" if thread.has_phone else "",
        offers=None if thread.marketing == 0 else thread.marketing == 1,
        stopped=thread.marketing == -1,
        followups_stopped=bool(thread.silenced),
        taken=thread.rep_id is not None,
        person_called=bool(thread.person_called),
        opens=opens,
        lead_open=thread.lead_id is not None,
        can_continue=bool(company.continue_at) and thread.account in company.continue_from,
        greeting_name=thread.greeting_name,
    )


def exchange(thread: Thread, heard: Heard, company: Company, opens: Opening | None, *, now: int) -> Exchange:
    """One turn to take."""
    return Exchange(heard, facts_of(thread, company, opens), thread.flow_state, now, company.zone, thread.zone, frozenset(thread.asked_times))
