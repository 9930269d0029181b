"""Another program with little memory and little time: the bounds are set, then this process becomes it."""

import os
import sys

from crm.exchange.worker import confine


def main() -> None:
    """Become the program that the command line names behind its two bounds."""
    memory, seconds, *command = sys.argv[1:]
    confine(int(memory), int(seconds))
    os.execv(command[0], command)  # noqa: S606 - a shell is what is not wanted


if __name__ == "__main__":
    main()
