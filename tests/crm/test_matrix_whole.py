"""The matrix is whole: every verb that a face calls in somebody's name stands in it, or is named here with where it is proven."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FACES = ("bots", "web", "console")
OWN = """
    conversations.planned.call_back conversations.planned.plan_again conversations.planned.planned_at conversations.planned.say_now
    conversations.recall.take_back conversations.talk.edit people.desk.begin people.desk.hush people.desk.listening people.desk.quit_wizard
    people.desk.redeem people.desk.wizard_of people.habits.has_morning people.habits.has_weekly people.habits.set_morning people.habits.set_weekly people.habits.set_zone people.logins.browsers
    people.logins.end people.reps.set_language people.reps.set_text_only people.steps.counts_from people.steps.has_pin outbox.steps.confirm
    outbox.steps.choose outbox.steps.ask_second sales.tasks.unanswered
"""
"""What is a member's own and nobody else's, so that no other role has it: their wizards, buttons, habits, sessions, PIN, and what they wrote themselves."""
WITHIN = """
    conversations.absences.plan conversations.absences.renew conversations.absences.take_back conversations.desk.adopt conversations.rest.read_on
    conversations.snippets.filled conversations.talk.within_reach people.fields.set_value people.leave.leave_at people.reps.authorise
    people.sight.sight_of reports.find.further reports.orders.briefs reports.person.preview reports.thread.everything sales.details.set_detail
    sales.leaving.leave sales.papers.not_paid sales.payments.assign sales.tasks.answered outbox.settle.mark_sent outreach.persons.parted
    outreach.persons.refused outreach.persons.asked_again
"""
"""What does its part through a verb that stands in the matrix, or needs a thing that its world has none of; each has its own tests beside its package."""


def called(paths: Iterable[Path]) -> set[str]:
    """The functions of `crm` that these files name, by module and name."""
    found: set[str] = set()
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = dict(_imported(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                found.add(f"{known[node.value.id]}.{node.attr}")
            elif isinstance(node, ast.Name) and node.id in known:
                found.add(known[node.id])
    return found


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "crm":
            yield from ((one.asname or one.name, f"{node.module}.{one.name}".removeprefix("crm.")) for one in node.names)


def verbs() -> Iterator[str]:
    """Every public function of `crm` that acts in somebody's name."""
    for path in sorted((ROOT / "crm").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "crm").with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and [one.arg for one in node.args.args][:2] == ["session", "actor"]:
                yield f"{module}.{node.name}"


def test_every_verb_that_a_face_calls_stands_in_the_matrix_or_is_named_here() -> None:
    faces = called(path for face in FACES for path in (ROOT / face).rglob("*.py"))
    rows = called((ROOT / "tests" / "crm").glob("matrix*.py"))
    wanted = {verb for verb in verbs() if verb in faces}
    named = {*OWN.split(), *WITHIN.split()}
    assert len(wanted) > 300
    assert sorted(wanted - rows - named) == []
    assert sorted(named & rows) == []  # whatever got its row needs no excuse
    assert sorted(named - set(verbs())) == []
