"""Trades: what a firm of a kind starts with: stages, fields, ready answers, a first follow-up, the work after the sale; phrases in five languages, pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm.base.i18n import N_, N_button
from crm.people.field_words import About, FieldKind


@dataclass(frozen=True, slots=True)
class TradeStage:
    """A stage: its name, how likely a win is there in percent, after how many days a deal rots."""

    name: str
    probability: int
    rotting_days: int


@dataclass(frozen=True, slots=True)
class TradeField:
    """A field: what it is about, its kind, its label, its choices."""

    about: About
    kind: FieldKind
    label: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TradeAnswer:
    """A ready answer: the word that calls it, what it says, the place of the stage at which it is offered first (-1 = at none)."""

    word: str
    text: str
    stage: int = -1


@dataclass(frozen=True, slots=True)
class TradeStep:
    """A step of the work after the sale, and how many working days after it the step is due."""

    title: str
    days: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A kind of firm."""

    label: str
    pipeline: str
    stages: tuple[TradeStage, ...]
    fields: tuple[TradeField, ...]
    answers: tuple[TradeAnswer, ...]
    follow_up: str
    steps: tuple[TradeStep, ...]


NEW = N_("New")
_DEAL, _PERSON = About.DEAL, About.CONTACT
SHOP = Trade(
    N_button("🛍 Shop"),
    N_("Orders"),
    (TradeStage(NEW, 10, 1), TradeStage(N_("Choosing"), 30, 2), TradeStage(N_("Order confirmed"), 80, 2), TradeStage(N_("Paid"), 95, 3)),
    (
        TradeField(_DEAL, FieldKind.TEXT, N_("Delivery address")),
        TradeField(_DEAL, FieldKind.CHOICE, N_("How to deliver"), (N_("Courier"), N_("Pick-up"), N_("Post"))),
        TradeField(_PERSON, FieldKind.DATE, N_("Birthday")),
    ),
    (
        TradeAnswer(N_("address"), N_("Where shall we bring your order, {name}? Please write the address and a phone number."), 1),
        TradeAnswer(N_("payment"), N_("You can pay by card, by transfer or in cash. What suits you best?"), 2),
        TradeAnswer(N_("thanks"), N_("Thank you for your order, {name}! We will write to you when it is on its way."), 3),
    ),
    N_("Hello, {name}! Are you still looking for something at {company}? Just answer here, and we will help you choose."),
    (TradeStep(N_("Pack the order"), 1), TradeStep(N_("Hand it to the courier"), 1), TradeStep(N_("Ask whether it arrived"), 3)),
)
SERVICES = Trade(
    N_button("🛠 Services"),
    N_("Jobs"),
    (TradeStage(NEW, 10, 2), TradeStage(N_("Visit agreed"), 40, 5), TradeStage(N_("Offer sent"), 60, 7), TradeStage(N_("Agreed"), 90, 5)),
    (
        TradeField(_DEAL, FieldKind.TEXT, N_("Address of the job")),
        TradeField(_DEAL, FieldKind.DATE, N_("Wished day")),
        TradeField(_DEAL, FieldKind.NUMBER, N_("Size of the job")),
    ),
    (
        TradeAnswer(N_("visit"), N_("When may we come and have a look, {name}? Please name a day and an address."), 0),
        TradeAnswer(N_("offer"), N_("We have sent you our offer, {name}. Is there anything you would like to ask about it?"), 2),
        TradeAnswer(N_("thanks"), N_("Thank you for your trust, {name}! We will write to you before we come."), 3),
    ),
    N_("Hello, {name}! This is {company}. Shall we find a day to come and have a look?"),
    (TradeStep(N_("Agree on the day"), 1), TradeStep(N_("Do the job"), 5), TradeStep(N_("Ask whether all is well"), 7)),
)
CLINIC = Trade(
    N_button("🏥 Clinic"),
    N_("Patients"),
    (TradeStage(NEW, 20, 1), TradeStage(N_("Appointment offered"), 50, 2), TradeStage(N_("Appointment booked"), 80, 14), TradeStage(N_("Came"), 95, 3)),
    (
        TradeField(_PERSON, FieldKind.DATE, N_("Date of birth")),
        TradeField(_DEAL, FieldKind.TEXT, N_("Doctor")),
        TradeField(_PERSON, FieldKind.YES_NO, N_("Was here before")),
    ),
    (
        TradeAnswer(N_("appointment"), N_("Which day and which hour would suit you, {name}?"), 0),
        TradeAnswer(N_("prepare"), N_("Please bring your papers and come ten minutes earlier."), 2),
        TradeAnswer(N_("health"), N_("We wish you good health, {name}! Write to us whenever something worries you."), 3),
    ),
    N_("Hello, {name}! This is {company}. Shall we find a time for your visit?"),
    (TradeStep(N_("Remind of the visit"), 1), TradeStep(N_("Call after the visit"), 3)),
)
SCHOOL = Trade(
    N_button("🎓 School"),
    N_("Pupils"),
    (TradeStage(NEW, 10, 2), TradeStage(N_("Trial lesson"), 50, 7), TradeStage(N_("Place offered"), 70, 5), TradeStage(N_("Enrolled"), 95, 7)),
    (
        TradeField(_PERSON, FieldKind.NUMBER, N_("Age")),
        TradeField(_DEAL, FieldKind.TEXT, N_("Course")),
        TradeField(_DEAL, FieldKind.CHOICE, N_("Level"), (N_("Beginner"), N_("Middle"), N_("Advanced"))),
    ),
    (
        TradeAnswer(N_("course"), N_("Which course are you interested in, and for whom?"), 0),
        TradeAnswer(N_("trial"), N_("We invite you to a trial lesson, {name}. Which day suits you?"), 1),
        TradeAnswer(N_("welcome"), N_("Welcome, {name}! We look forward to the first lesson."), 3),
    ),
    N_("Hello, {name}! This is {company}. Would you like to come to a trial lesson?"),
    (TradeStep(N_("Send the timetable"), 1), TradeStep(N_("Ask how the first lesson was"), 7)),
)
REPAIR = Trade(
    N_button("🔧 Repair"),
    N_("Repairs"),
    (TradeStage(NEW, 20, 1), TradeStage(N_("Looked at"), 50, 2), TradeStage(N_("Price agreed"), 80, 3), TradeStage(N_("In repair"), 90, 5)),
    (
        TradeField(_DEAL, FieldKind.TEXT, N_("Device")),
        TradeField(_DEAL, FieldKind.TEXT, N_("What is broken")),
        TradeField(_DEAL, FieldKind.YES_NO, N_("Under guarantee")),
    ),
    (
        TradeAnswer(N_("broken"), N_("What is broken, {name}? Please send us a photo and the name of the device."), 0),
        TradeAnswer(N_("price"), N_("We have looked at it and told you the price, {name}. Shall we begin?"), 1),
        TradeAnswer(N_("ready"), N_("It is ready, {name}. You can pick it up in our working hours."), 3),
    ),
    N_("Hello, {name}! This is {company}. Does your device still need repair? Just answer here."),
    (TradeStep(N_("Order the parts"), 2), TradeStep(N_("Repair it"), 5), TradeStep(N_("Tell the customer that it is ready"), 6)),
)
TRADES: Mapping[str, Trade] = {"shop": SHOP, "services": SERVICES, "clinic": CLINIC, "school": SCHOOL, "repair": REPAIR}
