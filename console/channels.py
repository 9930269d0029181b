"""`channels`: which accounts the firm has on the other platforms, and the addresses to enter there."""

from collections.abc import Callable

from console.environment import Environment

Accounts = Callable[[Environment], list[tuple[str, str, list[str]]]]
"""Each account: its name, its title, the paths its platform comes to. Raises Misconfigured for a file that cannot be used."""


def run(env: Environment, accounts: Accounts) -> int:
    """Print a line for each account and each address; 1 when there is none."""
    found = accounts(env)
    if not found:
        print(f"{env.channels_file} names no account: docs/channels.md says what may stand in it.")
        return 1
    base = env.public_url.rstrip("/")
    for account, title, paths in found:
        print(f"{account}  {title}")
        for path in paths:
            print(f"    {base}{path}" if base else f"    {path}  (PUBLIC_URL is empty: nobody outside can come here)")
    return 0
