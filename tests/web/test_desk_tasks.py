"""Tasks in the staff inbox: what is to be done stands above the thread and is done by its button, by whom it concerns."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, System
from crm.base.time import HOUR
from crm.conversations import assign
from crm.sales import tasks
from crm.sales.tasks import Duty, Task, TaskKind
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.web.front_desk import FrontDesk, Visitor


@pytest.fixture
async def task(desk: FrontDesk, ann: int) -> int:
    """Somebody is to ring Ann."""
    duty = Duty(TaskKind.CALL, NOON + HOUR, "about <b>oak</b>")
    return await desk.store.write(lambda session: tasks.add_task(session, System("test"), ann, duty, now=NOON))


async def states(desk: FrontDesk) -> list[str]:
    return await rows(desk.store, select(Task.state))


async def test_a_task_stands_above_the_thread_and_is_done_by_its_button(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int, task: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    assert "call back · about &lt;b&gt;oak&lt;/b&gt;" in tigran.page
    assert (await tigran.do(ann, "task_done", about=str(task))).headers["Location"] == f"/desk/c/{ann}?done=task_done&about={task}"
    await tigran.get(f"/desk/c/{ann}")
    assert await states(desk) == ["done"]
    assert "about &lt;b&gt;oak" not in tigran.page


async def test_a_task_of_what_somebody_else_has_is_not_shown(desk: FrontDesk, tigran: Visitor, rep: Rep, ann: int, task: int) -> None:
    other = await hire(desk.store, "nare")
    await desk.store.write(lambda session: assign.take(session, other, ann, now=NOON))
    await tigran.get(f"/desk/c/{ann}")
    assert "about &lt;b&gt;oak" not in tigran.page
    assert await states(desk) == ["open"]
