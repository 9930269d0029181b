"""What staff hears of rules: the words a rule says to them, and that one was switched off because it kept failing."""

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.rule_words import why
from bots.staff.sight import Scene
from bots.staff.words import CARD
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.base.policy import Action, may
from crm.base.text import isolated
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.people.sight import seen_by

SHOW = N_button("The rule")


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Words of a rule, for one member or for the managers; or why a rule is off, for its owner, or for the managers where they have left."""
    rep = scene.rep(notice.facts.get("rep", 0))
    readers = (rep,) if rep else scene.managers
    return Rendered(notice, mail_each(notice, readers, lambda tr, reader: _post(tr, reader, notice)))


def _post(tr: Translator, reader: Rep, notice: Waiting) -> Post:
    name, keys = isolated(str(notice.facts.get("name", ""))), []
    if talk := notice.facts.get("conversation"):
        keys.append(Key(tr.button(CARD), Intent("show", talk)))
    if may(reader.role, Action.SET_RULES):
        keys.append(Key(tr.button(SHOW), Intent("rules", notice.subject_id, "show")))
    rows = (tuple(keys),) if keys else ()
    if "off" in notice.facts:
        reason = " ".join(why(tr, str(notice.facts["off"])))
        return Post(tr("⚡ The rule “{name}” failed five times in a row and is off now: {why}.", name=name, why=reason or "–"), rows)
    text = seen_by(reader).told(str(notice.facts.get("text", "")), points=True)  # a name may be nothing but a phone
    return Post(f"⚡ {text}\n{tr('By the rule “{name}”.', name=name)}", rows)
