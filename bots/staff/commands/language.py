"""/language: which language the bot speaks to this member of staff."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import LANGUAGES, N_, NATIVE, translator
from crm.base.policy import Action
from crm.people.desk import Intent
from crm.people.reps import set_language


def deed(session: Session, visit: Visit) -> Done:
    """Offer the languages by their own names."""
    keys = [Key(NATIVE[language], Intent("language", detail=language)) for language in LANGUAGES]
    return Done((Post(visit.tr("Which language shall I speak?"), menus.in_rows(keys)),))


def choose(session: Session, visit: Visit, intent: Intent) -> Done:
    """Speak a language from now on."""
    if intent.detail not in LANGUAGES:
        raise Invalid
    set_language(session, visit.rep, intent.detail, now=visit.now)
    tr = translator(intent.detail)
    return Done((Post(tr("I speak English now."), menus.home(tr)),), NATIVE[intent.detail], dress=True)


COMMAND = Command("language", N_("Choose your language"), deed, presses={"language": choose}, needs=Action.FIND, group=Group.SETUP)
