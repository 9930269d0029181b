"""`check`: whether the books balance; it only reads, so the product may run meanwhile."""

from console.environment import Environment
from crm.base.db import look
from crm.base.errors import Misconfigured
from crm.reports.books import AccountBooks, Books, check
from crm.schema import HEAD, version_at


def run(env: Environment) -> int:
    """Print the books; 1 when they do not balance."""
    if not env.on_server and not env.database.exists():
        raise Misconfigured(f"there is no database at {env.database} yet: start the product once, or set DATABASE_URL")
    if (found := look(env.database_url, lambda session: version_at(session.connection()))) != HEAD:
        raise Misconfigured(f"the database has schema {found or 'none'}, this program knows {HEAD}: start the product once, or install the newer program")
    books = look(env.database_url, check)
    print("\n".join(lines(books)))
    return int(not books.balanced)


def lines(books: Books) -> list[str]:
    """The books in words, a line for each account and each problem."""
    wide = max((len(one.account) for one in books.accounts), default=0)
    told = [f"{one.account:{wide}}  {line(one)}" for one in books.accounts] or ["Nothing has come in and nothing has gone out."]
    told += [f"✗ {problem}" for problem in books.problems]
    return [*told, "The books balance." if books.balanced else "The books do NOT balance: please report this with the lines above."]


def line(one: AccountBooks) -> str:
    """What came in on one account and what became of it; what was to go out and where it stands."""
    came = f"kept {one.kept} = {one.waiting} waiting + {one.done} done + {one.parked} parked + {one.ignored} ignored + {one.dropped} dropped"
    went = " + ".join(f"{amount} {state}" for state, amount in one.deliveries) or "0"
    odd = f"; {one.conflicts} came again with other words (the first stand)" if one.conflicts else ""
    return f"{came}{odd}; deliveries {one.created} = {went}"
