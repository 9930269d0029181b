"""Ready blueprints: work plans that a firm may begin with, in its own language, each to be changed at will."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.i18n import N_, translator
from crm.projects.blueprints import Blueprint, NotifyOn
from crm.projects.drafting import NewBlueprint, NewStep, add_blueprint


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step in English: its title, how many working days after the start, what the customer reads by itself ("" = nothing), and when."""

    title: str
    days: int
    words: str = ""
    on: NotifyOn = NotifyOn.DONE


READY: Mapping[str, tuple[str, tuple[ReadyStep, ...]]] = {
    "delivery": (
        N_("Delivery"),
        (
            ReadyStep(N_("Agree on day and address"), 1),
            ReadyStep(N_("Pack it"), 2, N_("{name}, your order is packed and leaves soon."), NotifyOn.DONE),
            ReadyStep(N_("Deliver it"), 3, N_("{name}, your order is on its way."), NotifyOn.BEGUN),
            ReadyStep(N_("Ask whether all is well"), 5),
        ),
    ),
    "service": (
        N_("Service"),
        (
            ReadyStep(N_("Agree on the day"), 1),
            ReadyStep(N_("Prepare"), 3),
            ReadyStep(N_("Do the work"), 5, N_("{name}, we have begun."), NotifyOn.BEGUN),
            ReadyStep(N_("Hand it over"), 6, N_("{name}, it is ready."), NotifyOn.DONE),
        ),
    ),
    "repair": (
        N_("Repair"),
        (
            ReadyStep(N_("Look what is wrong"), 1, N_("{name}, we know what is wrong and begin with the repair."), NotifyOn.DONE),
            ReadyStep(N_("Order the parts"), 2),
            ReadyStep(N_("Repair it"), 5),
            ReadyStep(N_("Try it"), 6, N_("{name}, it is repaired: you can fetch it."), NotifyOn.DONE),
        ),
    ),
}


def found_ready(session: Session, actor: Actor, name: str, language: str, *, now: int) -> Blueprint:
    """Make one of the ready blueprints, in a language; the same once more answers the same."""
    title, steps = READY[name]
    tr = translator(language)
    made = [NewStep(tr(one.title), one.days, notify_text=tr(one.words) if one.words else "", notify_on=one.on, notify_auto=True) for one in steps]
    return add_blueprint(session, actor, NewBlueprint(tr(title), made, once=f"ready:{name}:{language}"), now=now)
