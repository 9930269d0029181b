"""Nodes that fell silent: how a server that many share notices, and makes them let go of what everybody waits for."""

import logging
from typing import Any

log = logging.getLogger(__name__)
NAME = "dragoman"
"""What the sessions of nodes are called; programs that may pause for long (migrations, moves) have another name."""
# Whose line broke between two parts of a statement counts as active: the server's own limits on idle sessions pass over it, and it holds its locks.
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = $1 AND wait_event = 'ClientRead'
AND state <> 'idle' AND state_change < clock_timestamp() - make_interval(secs => $2)
"""


async def end_silent(place: dict[str, Any], seconds: float) -> int:
    """End the sessions of nodes that have said nothing for so long in the middle of a transaction; answers how many.

    It has a connection of its own (`place` is where): in the jam it is to clear, all others wait. Raises what the driver raises.
    """
    import asyncpg

    connection = await asyncpg.connect(**place)
    try:
        ended: int = await connection.fetchval(_END, NAME, seconds)
    finally:
        connection.terminate()
    if ended:
        log.warning("%s sessions of nodes that fell silent were ended: they held up everybody else", ended)
    return ended


def signs_of_life(seconds: float) -> dict[str, str]:
    """Settings by which the server finds out that nobody is at the other end; without them a machine that is gone keeps its sessions for two hours."""
    pause = str(max(1, round(seconds)))
    return {"tcp_keepalives_idle": pause, "tcp_keepalives_interval": pause, "tcp_keepalives_count": "3"}
