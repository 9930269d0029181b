"""/web: a one-time link to the inbox in a browser, which goes on when Telegram does not."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.people import logins


def deed(session: Session, visit: Visit) -> Done:
    """Make a link; the same update always makes the same one."""
    tr = visit.tr
    if not visit.company.desk_at:
        words = tr("The inbox has no address of its own yet. Whoever runs the server sets PUBLIC_URL.")
        return Done((Post(words, menus.home(tr)),))
    secret = visit.secret("web")
    logins.issue(session, visit.rep, visit.rep.id, secret, now=visit.now)
    words = tr("The inbox in a browser also works while Telegram does not, so log in before you need it. This button works once, for 5 minutes, for you alone.")
    key = Key(tr.button("Open the inbox"), url=f"{visit.company.desk_at}/login/{secret}")
    return Done((Post(words, ((key,),), lasts=logins.LOGIN_MS),))


COMMAND = Command("web", N_("The inbox in a browser"), deed, group=Group.SETUP)
