"""Durations: how long the product waits for what; every one is a setting, so that a test of faults need not wait as long as a customer would."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds.

    `lease` a node that falls silent loses its work; `look` a loop looks for due work without being woken; `backoff` the first pause after a
    failure, which doubles up to `backoff_most`; `trouble` an account that was refused is tried again; `connect`, `send`, `upload` a platform has
    to answer; `poll` a platform may hold a poll open, and `poll_grace` what the network may add; `stop` what is on its way may arrive;
    `lock` another program may hold the database; `database` a server has to answer; `tick` the longest a tick waits (0 = each its own).
    """

    lease: float = 30.0
    look: float = 1.0
    backoff: float = 1.0
    backoff_most: float = 30.0
    trouble: float = 60.0
    connect: float = 10.0
    send: float = 20.0
    upload: float = 180.0
    poll: float = 25.0
    poll_grace: float = 10.0
    stop: float = 20.0
    lock: float = 5.0
    database: float = 10.0
    tick: float = 0.0
