"""The record of long runs says what failed as plainly as what passed."""

from tests.faults.record import END, PAGE, Run, added

RUN = Run("2026-11-22", "abc1234", "c", "sqlite", "2/3", 4711, 81, ("test_a_kill",), 0, 12)


def test_a_run_is_written_below_the_earlier_ones_with_its_failures() -> None:
    page = added(added(f"|---|\n{END}\nafter", RUN), RUN)
    line = "| 2026-11-22 | `abc1234` | C | sqlite | 2/3 | 4711 | 81 | **1**: `test_a_kill` | 0 | 12 |"
    assert page == f"|---|\n{line}\n{line}\n{END}\nafter"


def test_the_page_has_a_place_for_runs() -> None:
    assert PAGE.read_text().count(END) == 1
