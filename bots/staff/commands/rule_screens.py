"""One rule: in words, with its buttons; what it would have done; its log; as JSON; on, off, back, away."""

import json
from collections.abc import Callable, Mapping
from functools import partial

from bots.staff import menus
from bots.staff.posts import Key, Keys, Post
from bots.staff.rule_words import EVENTS, OUTCOMES, described, names_of, why
from bots.staff.visit import Done, Visit, ask
from bots.staff.words import CANCEL, MORE, UNDO, whole
from crm.base import hooks
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.base.text import isolated
from crm.base.time import HOUR
from crm.people.contacts import root_of
from crm.people.desk import Intent, Wizard, begin
from crm.people.sight import seen_by
from crm.reports.words import plain_name
from crm.rules import rules, runs
from crm.rules.deeds import Hook
from crm.rules.rehearsal import DAYS, Rehearsal, rehearse
from crm.rules.rules import Seen
from crm.rules.runs import Outcome, Ran

NAME, LOG, LASTS = "rules", 8, HOUR
Step = Callable[[Session, Visit, int, str], Done]
ON, OFF, TRY, RUNS = N_button("🟢 Switch on"), N_button("⚪ Switch off"), N_button("🔎 Try on the past"), N_button("📜 What it did")
BACK_TO, JSON, RENAME, AWAY, ALL = N_button("↩️ As before"), N_button("As JSON"), N_button("Another name"), N_button("Put away"), N_button("All rules")
BACK, CHANGE, QUIET = N_button("Back"), N_button("Change it"), N_button("Also where nothing was")


def post(session: Session, visit: Visit, one: Seen) -> Post:
    """A rule in words, with what can be done about it."""
    tr, names = visit.tr, names_of(session)
    if one.ended:
        words = tr("“{name}” is put away. It does nothing any more.", name=isolated(one.name))
        return Post(words, ((Key(tr.button(UNDO), Intent(NAME, one.id, "bring")), _all(tr)),))
    state = tr("acts") if one.active else tr("is off")
    head = f"⚡ {isolated(one.name)} · {state} · {tr('version {n}', n=one.version)}"
    who = tr("In the name of {name}, with no more rights than they have.", name=isolated(names.reps.get(one.rep_id, "–")))
    secrets = [
        tr("Signed with the secret {secret}", secret=hooks.secret(visit.company.link_key, deed.url)) for deed in one.plan.deeds if isinstance(deed, Hook)
    ]
    return Post("\n".join([head, "", *described(tr, one.plan, names), "", who, *secrets]), _keys(tr, one))


def _keys(tr: Translator, one: Seen) -> Keys:
    def key(label: str, verb: str) -> Key:
        return Key(tr.button(label), Intent(NAME, one.id, verb))

    keys = [key(OFF, "off") if one.active else key(ON, "on"), key(TRY, "try"), key(RUNS, "log"), key(JSON, "json"), key(RENAME, "name")]
    keys += [key(BACK_TO, "back")] if one.before else []
    return menus.in_rows([*keys, key(AWAY, "away"), _all(tr)])


def _all(tr: Translator) -> Key:
    return Key(tr.button(ALL), Intent(NAME, 0, "page"))


def _back(tr: Translator, rule_id: int) -> Key:
    return Key(tr.button(BACK), Intent(NAME, rule_id, "show"))


def _show(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    return Done((post(session, visit, rules.rule_at(session, visit.rep, rule_id)),))


def _switch(session: Session, visit: Visit, rule_id: int, value: str, *, on: bool) -> Done:
    one = rules.switch(session, visit.rep, rule_id, on, now=visit.now)
    said = visit.tr("It acts from now on.") if on else visit.tr("It is off. What it waited for is dropped.")
    return Done((post(session, visit, one),), said)


def _go_back(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    one = rules.go_back(session, visit.rep, rule_id, now=visit.now)
    return Done((post(session, visit, one),), visit.tr("It is as it was before."))


def _away(session: Session, visit: Visit, rule_id: int, value: str, *, away: bool) -> Done:
    return Done((post(session, visit, rules.put_away(session, visit.rep, rule_id, away, now=visit.now)),))


def _try(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    """What it would have done; read from a snapshot, since it asks much."""
    one = rules.rule_at(session, visit.rep, rule_id)
    found = ask(visit, ("rehearsal", rule_id, one.version), partial(_rehearsed, visit=visit, one=one))
    return Done((rehearsed(session, visit, one, found),))


def _rehearsed(session: Session, *, visit: Visit, one: Seen) -> Rehearsal:
    return rehearse(session, visit.rep, one.plan, now=visit.now)


def rehearsed(session: Session, visit: Visit, one: Seen, found: Rehearsal) -> Post:
    """What a rule would have done in the last thirty days."""
    tr = visit.tr
    lines = [tr("🔎 The last {days} days, and nothing was done now:", days=DAYS)]
    lines.append(tr("{acted} of {looked} times it would have acted.", acted=found.acted, looked=f"{found.looked}+" if found.cut else found.looked))
    if one.plan.after and found.acted:
        lines.append(tr("What makes its wait needless is not counted here."))
    lines += [f"• {tr.when(example.at, visit.company.zone, visit.now)} · {_who(session, visit, example.about.contact_id)}" for example in found.examples]
    return Post("\n".join(lines), ((_back(tr, one.id),),))


def _who(session: Session, visit: Visit, contact_id: int | None) -> str:
    if contact_id is None:
        return "–"
    root = root_of(session, contact_id)
    return plain_name(visit.tr, seen_by(visit.rep).named(root.name or root.platform_name))


def _log(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    """What it did, the newest first; with `q` also where there was nothing to do."""
    tr, quiet, before = visit.tr, value.startswith("q"), int(value.lstrip("q") or 0)
    found = runs.log_of(session, visit.rep, rule_id, before=before, limit=LOG + 1, quiet=quiet)
    lines = [_line(session, visit, one) for one in found[:LOG]]
    keys = [] if quiet else [Key(tr.button(QUIET), Intent(NAME, rule_id, "log:q"))]
    if len(found) > LOG:
        keys.append(Key(tr.button(MORE), Intent(NAME, rule_id, f"log:{'q' if quiet else ''}{found[LOG - 1].id}")))
    head = tr("📜 What it did last:") if lines else tr("📜 It has done nothing yet.")
    return Done((Post("\n".join([head, *lines]), menus.in_rows([*keys, _back(tr, rule_id)])),))


def _line(session: Session, visit: Visit, one: Ran) -> str:
    tr, zone = visit.tr, visit.company.zone
    said = tr(OUTCOMES[one.outcome], **({"when": tr.when(one.due_at, zone, visit.now)} if one.outcome is Outcome.TIMED else {}))
    reason = "".join(f" ({words})" for words in why(tr, one.words))
    return f"• {tr.when(one.at, zone, visit.now)} · {_who(session, visit, one.contact_id)} · {said}{reason}"


def _json(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    """The rule as data, to be kept, copied, changed and pasted."""
    tr, one = visit.tr, rules.rule_at(session, visit.rep, rule_id)
    shown = json.dumps(json.loads(one.plan.pack()), ensure_ascii=False, indent=1)
    keys = (Key(tr.button(CHANGE), Intent(NAME, rule_id, "paste")), _back(tr, rule_id))
    return Done((Post(f"{tr('Copy it, change it, and paste it with the button.')}\n\n{whole(shown[:3500])}", (keys,)),))


def _paste(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    events = ", ".join(list(EVENTS)[:8])
    words = visit.tr("Paste the rule as JSON: event, when, after, do. Events are such as {events}.", events=events)
    return asked(session, visit, rule_id, {"step": "json"}, words)


def _rename(session: Session, visit: Visit, rule_id: int, value: str) -> Done:
    return asked(session, visit, rule_id, {"step": "name"}, visit.tr("How shall it be called?"))


def asked(session: Session, visit: Visit, rule_id: int, facts: dict[str, object], words: str) -> Done:
    """Ask for something to be typed."""
    begin(session, visit.rep, Wizard(NAME, NAME, rule_id, facts), until=visit.now + LASTS)
    return Done((Post(words, ((Key(visit.tr.button(CANCEL), Intent("cancel", detail=NAME)),),), lasts=LASTS),))


STEPS: Mapping[str, Step] = {
    "show": _show,
    "on": partial(_switch, on=True),
    "off": partial(_switch, on=False),
    "back": _go_back,
    "away": partial(_away, away=True),
    "bring": partial(_away, away=False),
    "try": _try,
    "log": _log,
    "json": _json,
    "paste": _paste,
    "name": _rename,
}
