"""/queue: how waiting customers come to somebody: each team's way, times and limits by buttons; how fast answers come; one's own queue."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bots.staff import handing, menus, routing
from bots.staff.commands import queue_channels, queue_people
from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE
from crm.conversations.clocks import within
from crm.conversations.queues import Queue, Way, forget_queue, members_of, queues, set_number, set_way
from crm.people.desk import Intent
from crm.people.reps import authorise
from crm.people.teams import TeamRow, teams_there
from crm.reports.queues import Spread, Standing, my_queue, speeds, standings
from crm.reports.words import plain_name

NAME, PAGE, WEEK = "queue", 3, 7
MINE, SPEED, QUEUES, WAY, BACK = N_button("My queue"), N_button("How fast we answer"), N_button("All queues"), N_button("The way…"), N_button("Back")
AS_FIRM, PEOPLE, CHANNELS = N_button("As the firm's"), N_button("Languages and skills"), N_button("Channels…")
WAYS: Mapping[Way, str] = {
    Way.EVERYBODY: N_("everybody sees them, and whoever is first takes them"),
    Way.EVEN: N_("one is asked at a time: who got the fewest in 24 hours"),
    Way.LOAD: N_("one is asked at a time: who has the fewest now"),
}
CHOOSE: Mapping[Way, str] = {Way.EVERYBODY: N_button("Everybody at once"), Way.EVEN: N_button("In turn, evenly"), Way.LOAD: N_button("To whoever has least")}
ASK: Mapping[str, str] = {
    "accept_ms": N_button("Time to accept…"),
    "cap": N_button("How many at most…"),
    "answer_within": N_button("First answer…"),
    "next_within": N_button("Further answers…"),
    "absent_ms": N_button("When somebody is away…"),
}
QUESTIONS: Mapping[str, str] = {
    "accept_ms": N_("How long may whoever is asked think it over, before the next one is asked?"),
    "cap": N_("How many conversations may somebody have at a time? Who has as many is not asked."),
    "answer_within": N_("Within how much working time shall a customer get the first answer?"),
    "next_within": N_("Within how much working time shall a customer get each further answer?"),
    "absent_ms": N_("After how much working time are the customers of somebody who is away given to others?"),
}
VALUES: Mapping[str, tuple[int, ...]] = {
    "accept_ms": (MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    "cap": (0, 3, 5, 10, 20, 40),
    "answer_within": (0, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR),
    "next_within": (0, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR),
    "absent_ms": (0, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show all queues to whoever sets them, one's own to everybody else."""
    return Done((_all(session, visit, 0) if may(visit.rep.role, Action.SET_QUEUES) else _mine(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; `target` is the team (0 = the firm); what is shown takes the place of the page that was pressed."""
    what, _, value = intent.detail.partition(":")
    team_id = intent.target or None
    match what:
        case "mine":
            return Done((_mine(session, visit),))
        case "all":
            return _edited(visit, _all(session, visit, int(value or 0)))
        case "speed":
            return _edited(visit, _speed(session, visit))
        case "ask" if value in ASK or value == "way":
            return _edited(visit, _ways(session, visit, team_id) if value == "way" else _values(session, visit, team_id, value))
        case "way":
            set_way(session, visit.rep, team_id, Way(value), now=visit.now)
        case "firm" if team_id:
            forget_queue(session, visit.rep, team_id, now=visit.now)
        case "one":
            return _edited(visit, _one(session, visit, team_id))
        case name if name in ASK and value.isdecimal():
            set_number(session, visit.rep, team_id, name, int(value), now=visit.now)
        case _:
            raise Expired
    return _edited(visit, _one(session, visit, team_id), visit.tr("Written down."))


def _mine(session: Session, visit: Visit) -> Post:
    rows, count = my_queue(session, visit.rep, most=menus.MOST - 1)
    if not rows:
        return Post(visit.tr("Nobody waits in your queue."), menus.home(visit.tr))
    head = visit.tr.many("{n} customer waits in your queue. Press to see the card.", "{n} customers wait in your queue, the oldest first.", count)
    return menus.listing(visit.tr, head, rows, None, visit.now)


def _all(session: Session, visit: Visit, page: int) -> Post:
    """Each queue with who waits in it."""
    tr, known, standing = visit.tr, queues(session), standings(session, visit.rep)
    there: list[TeamRow | None] = [None, *teams_there(session)]
    page = page if 0 <= page * PAGE < len(there) else 0
    shown = there[page * PAGE : (page + 1) * PAGE]
    lines = [tr("How waiting customers come to somebody:")]
    keys = []
    for team in shown:
        number = team.id if team else None
        lines.append(f"• {_name(tr, team)}: {tr(WAYS[known.of(number).way])}{_waiting(visit, standing.get(number))}")
        keys.append((Key(_name(tr, team), _intent("one", number)),))
    more = [Key(tr.button(MORE), _intent(f"all:{(page + 1) % -(-len(there) // PAGE)}"))] if len(there) > PAGE else []
    below = (Key(tr.button(SPEED), _intent("speed")), Key(tr.button(PEOPLE), Intent("queue_people", detail="all")))
    return Post(
        "\n".join(lines), (*keys, below, (Key(tr.button(CHANNELS), Intent(queue_channels.NAME, detail="all")), Key(tr.button(MINE), _intent("mine")), *more))
    )


def _name(tr: Translator, team: TeamRow | None) -> str:
    return plain_name(tr, team.name, 24) if team else tr("The firm")


def _waiting(visit: Visit, standing: Standing | None) -> str:
    if standing is None:
        return ""
    words = visit.tr.many("{n} waits", "{n} wait", standing.waiting)
    return f" · {words}, {visit.tr('the longest for {time}', time=visit.tr.ago(visit.now - standing.since))}"


def _one(session: Session, visit: Visit, team_id: int | None) -> Post:
    """One queue with everything that was said of it, and what may be changed."""
    authorise(session, visit.rep, Action.SET_QUEUES)
    tr, known = visit.tr, queues(session)
    queue, team = known.of(team_id), next((team for team in teams_there(session) if team.id == team_id), None)
    if team_id and team is None:
        raise Expired
    own = bool(team_id) and team_id in known.teams
    lines = [f"{_name(tr, team)}{'' if own or not team_id else ' · ' + tr('goes as the firm’s queue')}", *_facts(tr, queue, visit.company)]
    if team_id and not members_of(session, team_id):
        lines.append(tr("⚠️ Nobody is in this team, so everybody is asked. /team puts people into it."))
    keys = [Key(tr.button(WAY), _intent("ask:way", team_id)), *(Key(tr.button(label), _intent(f"ask:{name}", team_id)) for name, label in ASK.items())]
    below = [Key(tr.button(AS_FIRM), _intent("firm", team_id))] if own else []
    return Post("\n".join(lines), menus.in_rows([*keys, *below, Key(tr.button(QUEUES), _intent("all"))]))


def _facts(tr: Translator, queue: Queue, company: Company) -> Iterator[str]:
    yield tr("Waiting customers: {way}.", way=tr(WAYS[queue.way]))
    if queue.asks:
        yield tr("Whoever is asked has {time} to accept.", time=tr.ago(queue.accept_ms))
        yield (tr("Nobody has more than {n} at a time.", n=queue.cap) if queue.cap else tr("Anybody may have any number."))
    first, further = within(queue, company, first=True), within(queue, company, first=False)
    yield tr("First answer within {time} of working time.", time=tr.ago(first)) if first else tr("Nothing was said of how fast answers shall come.")
    if further and further != first:
        yield tr("Further answers within {time}.", time=tr.ago(further))
    if queue.absent_ms:
        yield tr("Customers of somebody who is away are given to others after {time}.", time=tr.ago(queue.absent_ms))
    else:
        yield tr("Customers of somebody who is away wait for them.")


def _ways(session: Session, visit: Visit, team_id: int | None) -> Post:
    authorise(session, visit.rep, Action.SET_QUEUES)
    tr = visit.tr
    lines = [tr("How shall waiting customers come to somebody?"), *(f"• {tr(CHOOSE[way])}: {tr(words)}." for way, words in WAYS.items())]
    lines.append(tr("One who is asked is first of all whoever knows them, then who speaks their language and knows about what they want, of those at work."))
    keys: Keys = tuple((Key(tr.button(label), _intent(f"way:{way.value}", team_id)),) for way, label in CHOOSE.items())
    return Post("\n".join(lines), (*keys, (Key(tr.button(BACK), _intent("one", team_id)),)))


def _values(session: Session, visit: Visit, team_id: int | None, name: str) -> Post:
    authorise(session, visit.rep, Action.SET_QUEUES)
    tr, now = visit.tr, getattr(queues(session).of(team_id), name)
    keys = [Key(f"{'✔ ' if value == now else ''}{_shown(tr, name, value)}", _intent(f"{name}:{value}", team_id)) for value in VALUES[name]]
    return Post(tr(QUESTIONS[name]), menus.in_rows([*keys, Key(tr.button(BACK), _intent("one", team_id))]))


def _shown(tr: Translator, name: str, value: int) -> str:
    if name == "cap":
        return str(value) if value else tr.button("Any number")
    if value:
        return tr.ago(value)
    return tr.button("Never") if name == "absent_ms" else tr.button("As the firm's") if name == "answer_within" else tr.button("As first answers")


def _speed(session: Session, visit: Visit) -> Post:
    """How fast each queue answered in the last week."""
    authorise(session, visit.rep, Action.SEE_REPORTS)
    tr, since = visit.tr, visit.now - WEEK * DAY
    found = ask(visit, (NAME, "speed"), lambda snapshot: speeds(snapshot, visit.rep, visit.company, since=since, now=visit.now))
    names = {team.id: team for team in teams_there(session)}
    lines = [tr("How fast customers were answered in the last {n} days, in working time:", n=WEEK)]
    for one in found:
        lines.append(f"\n{_name(tr, names.get(one.team_id or 0))}")
        lines += [f"• {tr('first answers')}: {_spread(tr, one.first)}", f"• {tr('further answers')}: {_spread(tr, one.further)}"]
    if not found:
        lines.append(tr("Nobody was answered in this time."))
    return Post("\n".join(lines), ((Key(tr.button(QUEUES), _intent("all")),),))


def _spread(tr: Translator, one: Spread | None) -> str:
    if one is None:
        return tr("none")
    half, most = tr.ago(one.median), tr.ago(one.most)
    return tr.many("{n}: half within {half}, nine of ten within {most}", "{n}: half within {half}, nine of ten within {most}", one.count, half=half, most=most)


def _intent(what: str, team_id: int | None = None) -> Intent:
    return Intent(NAME, team_id or 0, what)


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


COMMAND = Command(
    NAME,
    N_("Queues: who is asked to answer, and how fast"),
    deed,
    Action.TAKE,
    presses={NAME: turn, "queue_people": queue_people.turn, queue_channels.NAME: queue_channels.turn, **routing.PRESSES, **handing.PRESSES},
    listeners={queue_people.LISTENS: queue_people.typed},
    group=Group.WORK,
)
