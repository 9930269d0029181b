"""What the bench says of a figure: the median counts, the worst is shown, a miss is called one."""

import pytest

from bench import letters, table
from bench.letters import Order
from bench.load import Connection
from bench.machine import Machine
from bench.rounds import Figure, ratios, share, turn_about
from bench.stub import whole

HERE = Machine(2, "a processor", "3.11.7", "3.40.1", 0.15, 0.1)


def test_a_ratio_is_judged_by_its_median_and_shows_its_worst_round() -> None:
    found = Figure("ours / theirs", (0.5, 0.1, 0.4), "x", target=0.4, floor=0.3)
    assert table.line(found) == "ours / theirs: 0.4 x (worst 0.1, n=3)  [>= 0.4, floor 0.3] met"


@pytest.mark.parametrize(
    ("values", "less", "says"),
    [((0.35,), False, "missed"), ((0.2,), False, "BELOW THE FLOOR"), ((0.35,), True, "met"), ((0.45,), True, "BELOW THE FLOOR")],
)
def test_a_miss_and_a_fall_below_the_floor_are_told_apart(values: tuple[float, ...], less: bool, says: str) -> None:
    floor = 0.4 if less else 0.3
    assert table.verdict(Figure("x", values, target=0.38 if less else 0.4, floor=floor, less=less)) == says


def test_an_absolute_figure_never_fails() -> None:
    found = Figure("p99", (900.0,), "ms", target=25, less=True)
    assert (found.reaches(found.floor), table.verdict(found)) == (True, "missed")


def test_both_sides_run_in_every_round_in_the_other_order_every_other_time() -> None:
    order: list[str] = []
    found = turn_about({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert (order, {name: len(runs) for name, runs in found.items()}) == (["a", "b", "b", "a", "a", "b"], {"a": 3, "b": 3})


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([10.0, 30.0], [5.0, 10.0]) == (2.0, 3.0)
    assert share([float(n) for n in range(100)], 0.95) == 95.0


def test_a_disturbed_machine_says_so() -> None:
    assert "disturbed" not in table.heading(HERE)
    assert "figures are disturbed" in table.heading(Machine(2, "a processor", "3.11.7", "3.40.1", 0.15, 1.2))


def test_one_letter_in_ten_comes_from_a_stranger_and_nobody_known_writes_twice() -> None:
    senders = [letters.sender(number, 20_000) for number in range(1, 10_001)]
    known = [one for one in senders if one <= 20_000]
    assert (len(known), len(set(senders))) == (9_000, 10_000)


def test_a_letter_is_a_signed_request_of_about_1150_bytes() -> None:
    [letter] = letters.requests(Order("signed", 1))
    head, _, body = letter.partition(b"\r\n\r\n")
    assert f"X-Signature: {letters.sign(body)}".encode() in head
    assert 1_000 < len(body) < 1_300


def test_a_request_is_whole_when_as_many_bytes_came_as_it_promised() -> None:
    letter = letters.request("/send", b"four", {})
    assert whole(letter) == len(letter)
    assert whole(letter[:20]) == 0


class Counting:
    """Counts the answers that a connection has put together."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def answered(self, connection: Connection, status: str, due: float) -> None:
        self.statuses.append(status)


def test_an_answer_that_comes_in_pieces_is_counted_once() -> None:
    thrower = Counting()
    connection = Connection(thrower)  # type: ignore[arg-type]
    for piece in (b"HTTP/1.1 503 Busy\r\nContent-", b"Length: 4\r\n\r\nfo", b"ur"):
        connection.data_received(piece)
    assert thrower.statuses == ["503"]
