"""/health: how the channels do, the backups, and how much room photos and files take."""

from collections import Counter
from collections.abc import Iterator

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Group, Visit, ask
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.people.reps import authorise
from crm.reports.search_index import progress
from crm.reports.storage import NEARLY, Storage, storage
from crm.reports.words import FILES, title_of


def deed(session: Session, visit: Visit) -> Done:
    """Show it all on one screen."""
    authorise(session, visit.rep, Action.SEE_REPORTS)
    quota = visit.company.media_quota
    taken = ask(visit, ("storage", quota), lambda snapshot: storage(snapshot, visit.rep, quota))
    lines = [visit.tr("🩺 How everything does"), *_channels(visit), "", *_files(visit, taken), *_search(session, visit)]
    return Done((Post("\n".join(lines), menus.home(visit.tr)),))


def _channels(visit: Visit) -> Iterator[str]:
    if not visit.health:
        yield visit.tr("Nobody has looked yet. Ask again in a minute.")
    titles = Counter(title_of(visit.titles, account) for account in visit.health)
    for account, known in visit.health.items():
        title = title_of(visit.titles, account)
        name = visit.tr("Backups") if account == "backup" else title if titles[title] == 1 else f"{title} ({account})"
        yield f"{'✅' if known.ok else '⚠️'} {name}" + ("" if known.ok else f": {clean_name(known.words, 200)}")


def _files(visit: Visit, taken: Storage) -> Iterator[str]:
    tr = visit.tr
    if not taken.kept:
        yield tr("No photos or files are kept yet.")
        return
    total = tr("Photos and files: {n} MB", n=f"{taken.size / 1e6:.1f}")
    if taken.quota:
        total += " " + tr("of {n} MB, {share} %", n=f"{taken.quota / 1e6:.0f}", share=round(100 * taken.share))
    yield f"{'⚠️' if taken.share >= NEARLY else '📁'} {total}"
    yield from (f"   {tr(FILES.get(one.kind, 'file'))}: {one.files}, {tr('{n} MB', n=f'{one.size / 1e6:.1f}')}" for one in taken.kept)
    if taken.share >= NEARLY:
        yield tr("The room for files is nearly full. Free some on the machine, or raise MEDIA_QUOTA_MB.")


def _search(session: Session, visit: Visit) -> Iterator[str]:
    read = progress(session).percent
    if read < 100:
        yield "🔎 " + visit.tr("Older messages are still being read in: {n} % are done.", n=read)


COMMAND = Command("health", N_("How channels, backups and storage do"), deed, Action.SEE_REPORTS, group=Group.SETUP)
