"""`audit verify`: it says that the record is whole, or names the first place that is not, and answers 1."""

from pathlib import Path

import pytest
from sqlalchemy import update

from console import audit
from console.environment import Environment
from crm.base.actors import System
from crm.base.db import SqliteStore
from crm.base.errors import Invalid, Misconfigured
from crm.base.history import Change, DomainEvent, record
from crm.base.seals import QUIET_MS, seal
from crm.schema import bring_up_to_date
from tests.conftest import NOON


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    database = tmp_path / "dragoman.db"
    bring_up_to_date(database)
    return Environment(database_url=f"sqlite:///{database}", data_dir=str(tmp_path))


async def sealed(store: SqliteStore) -> None:
    await store.write(lambda s: record(s, Change("deal", 1, "stage", System("test")), Change("deal", 1, "won", System("test")), now=NOON))
    await store.write(lambda s: seal(s, now=NOON + QUIET_MS + 1))


async def test_the_record_is_checked_while_the_product_runs(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(env.database)
    await sealed(store)
    assert audit.run(env) == 0
    said = capsys.readouterr().out
    assert "1 seals hold 2 rows; 0 newer rows wait for theirs.\nThe record is what was sealed.\n" in said
    noted = said.partition("The newest seal is ")[2].partition(":")[0] + ":0000000000000000"
    await store.write(lambda s: s.execute(update(DomainEvent).where(DomainEvent.kind == "won").values(kind="lost")))
    assert audit.run(env) == 1
    assert "was changed (seal 1)." in capsys.readouterr().out
    assert audit.run(env, noted) == 1
    await store.close()


def test_an_anchor_of_another_shape_is_refused_and_so_is_a_database_that_is_not_there(env: Environment, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="an anchor is what the daily report shows"):
        audit.run(env, "nonsense")
    with pytest.raises(Misconfigured, match="there is no database"):
        audit.run(Environment(database_url=f"sqlite:///{tmp_path}/none.db"))
