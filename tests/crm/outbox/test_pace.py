"""The pace of an account: never above its rate in any second, whatever lags between the claim and the sending; pure."""

from crm.base.outbound import Limits
from crm.base.time import MINUTE, SECOND
from crm.outbox.pace import Pace

RATE = Limits(account_rate=50.0)
START = 1_000_000


def stream(pace: Pace, limits: Limits, lags: list[int]) -> list[int]:
    """Take all the room there is whenever there is some, and hand it over after each lag in turn; answers the instants of sending."""
    now, left = START, list[int]()
    for lag in lags:
        now = pace.free_at(limits, now)
        room = pace.room(limits, now)
        for number in range(room):
            pace.claimed(str(number), limits, now)
        now += lag
        for _ in range(room):
            pace.leaves(limits, now)
        left += [now] * room
    return left


def busiest(left: list[int]) -> int:
    """The most that left within a second and its last instant."""
    return max(sum(began <= at <= began + SECOND for at in left) for began in left)


def test_half_a_second_s_worth_leaves_at_once_and_the_rest_by_handfuls() -> None:
    pace = Pace()
    left = stream(pace, RATE, [0] * 5)
    assert [left.count(at) for at in sorted(set(left))][:3] == [25, 12, 12]


def test_no_second_has_more_than_allowed_when_the_loop_lags_after_a_claim() -> None:
    left = stream(Pace(), RATE, [0, 900, 0, 0, 950, 0, 0, 0, 0, 0, 400, 0, 0, 0, 1500, 0, 0, 0])
    assert busiest(left) <= 50


def test_an_even_stream_reaches_the_rate() -> None:
    left = stream(Pace(), RATE, [5] * 80)
    assert busiest(left) <= 50
    assert len(left) / ((left[-1] - START) / SECOND) > 48


def test_what_is_claimed_and_has_not_left_yet_takes_room() -> None:
    pace = Pace()
    for _ in range(pace.room(RATE, START)):
        pace.claimed("ann", RATE, START)
    assert pace.room(RATE, START) == 0
    assert pace.room(RATE, START + SECOND) == 0


def test_a_slow_account_sends_one_at_a_time() -> None:
    slow = Limits(account_rate=1.0)
    assert stream(Pace(), slow, [0, 0, 0]) == [START, START + SECOND + 1, START + 2 * (SECOND + 1)]


def test_the_next_sender_goes_on_where_the_last_one_left_off() -> None:
    first, heir, behind = Pace(), Pace(), 300
    left = stream(first, RATE, [0] * 8)
    now = left[-1]
    heir.inherit(first.left(now, behind, 0), behind)
    assert busiest(left + [at for at in stream_from(heir, now) if at <= now + SECOND]) <= 50


def stream_from(pace: Pace, now: int) -> list[int]:
    """A second and a half of sending all that may leave, looked at every 10 ms."""
    left: list[int] = []
    for at in range(now, now + 1500, 10):
        room = pace.room(RATE, at)
        for _ in range(room):
            pace.claimed("ann", RATE, at)
            pace.leaves(RATE, at)
        left += [at] * room
    return left


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    pace = Pace()
    stream(pace, RATE, [0] * 8)
    assert pace.room(RATE, START - 60 * SECOND) == 25


def test_an_account_that_idled_before_the_clock_was_set_back_sends_at_once() -> None:
    pace = Pace()
    left = stream(pace, RATE, [0] * 8)
    idle = left[-1] + 2 * SECOND
    assert pace.room(RATE, idle) == 25
    back = idle - 10 * MINUTE
    assert pace.room(RATE, back) == 25
    assert pace.free_at(RATE, back) == back


def test_what_the_platform_asked_to_wait_for_is_no_longer_when_the_clock_is_set_back() -> None:
    pace = Pace()
    pace.hold_account(START + 30 * SECOND)
    pace.hold("ann", START + 40 * SECOND, START)
    assert pace.room(RATE, START) == 0
    back = START - 10 * MINUTE
    assert pace.room(RATE, back) == 0
    assert pace.free_at(RATE, back) == back + 30 * SECOND
    assert pace.busy(RATE, back) == {"ann": back + 40 * SECOND}
    assert pace.room(RATE, back + 30 * SECOND) == 25


def test_a_clock_that_trembles_gives_no_room_twice() -> None:
    pace = Pace()
    left = stream(pace, RATE, [0] * 3)
    before = pace.room(RATE, left[-1])
    assert pace.room(RATE, left[-1] - SECOND // 2) <= before
