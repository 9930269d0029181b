"""The mistakes we fear most are made in a copy of the tree: each turns a test red, or the tests prove nothing."""

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.copies import change, copy_of_the_tree, run_tests
from tests.faults.mutants import MUTANTS, Mutant

pytestmark = [pytest.mark.faults, pytest.mark.file, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which nothing was changed, and the tests pass."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("mutants") / "healthy")
    code, said = await run_tests(tree, *{mutant.test for mutant in MUTANTS})
    assert code == 0, said
    return tree


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
async def test_a_mutant_is_found_out(healthy: Path, tmp_path: Path, mutant: Mutant) -> None:
    tree = Path(shutil.copytree(healthy, tmp_path / "tree", ignore=shutil.ignore_patterns("temp")))
    change(tree, [mutant.change])
    code, said = await run_tests(tree, mutant.test)
    assert code == 1, said
    assert mutant.reason in said, said
