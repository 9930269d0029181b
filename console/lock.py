"""Whether the product runs on a database: it holds the lock beside the file as long as it lives."""

import fcntl
from pathlib import Path

from crm.base.errors import Misconfigured


def running(database: Path) -> bool:
    """Whether a process works on this database now; nothing is created by asking."""
    try:
        with Path(f"{database}.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Misconfigured(f"{database.name}.lock cannot be opened ({error.strerror}): run this as the owner of the database") from error
    return False
