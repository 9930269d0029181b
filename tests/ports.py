"""Ports for servers that tests start: below those the system hands out by itself, and of each run a part of its own.

A server that is started by its port, killed and started again leaves the port alone for seconds. One that the system gave could belong to somebody else by then:
to another run beside this one, or to a connection out.
"""

import fcntl
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

FIRST, MANY, PARTS = 10_000, 200, 100  # up to 29,999; Linux gives away from 32,768 on


def free_port() -> int:
    """A port nobody listens on now, and which no other run is given while this one lasts."""
    for port in itertools.islice(_numbers(), MANY):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("every port of this run is taken")


@cache
def _numbers() -> Iterator[int]:
    first = FIRST + MANY * _part()
    return itertools.cycle(range(first, first + MANY))


def _part() -> int:
    """The first part of which no other run holds the lock; ours goes with the process."""
    for part in range(PARTS):
        with suppress(PermissionError):  # the file of somebody else
            handle = os.open(f"{tempfile.gettempdir()}/dragoman-ports-{part}", os.O_CREAT | os.O_RDONLY)
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return part
            os.close(handle)
    raise RuntimeError("every part is held by another run")
