"""Ratings: how an answer of a customer reads, and who hears of one who is not content."""

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.base.text import clean_name, isolated, unturned
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.projects.answering import is_low
from crm.projects.asking import CONTENT
from crm.projects.survey import Rating
from crm.reports.ratings import Said, said
from crm.reports.words import plain_name

CARD = N_button("Show the card")


def line(tr: Translator, one: Said) -> str:
    """One answer in words: how many, who, of what, and what they wrote."""
    most, mark = (5, "⭐") if one.kind == CONTENT else (10, "📣")
    title = isolated(clean_name(one.title, 40)) if one.title else ""
    whose = tr("by {name}", name=plain_name(tr, one.who, 20)) if one.who else ""
    head = " · ".join(filter(None, (f"{mark} {one.score}/{most}", plain_name(tr, one.name, 30), title, whose)))
    return f"{head}\n   “{isolated(unturned(' '.join(one.words.split()))[:300])}”" if one.words else head


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody is not content: whose work it was and the managers hear it, with the way to them."""
    rating = session.get(Rating, notice.subject_id)
    if rating is None or rating.score is None or not is_low(rating.kind, rating.score):
        return Rendered(notice)
    owner = scene.rep(rating.rep_id)

    def made(tr: Translator, rep: Rep) -> Post:
        one = said(session, rep, rating)
        return Post(f"{tr('⚠️ A customer is not content. It is among the tasks.')}\n{line(tr, one)}", ((_card(tr, one),),))

    return Rendered(notice, mail_each(notice, tuple(dict.fromkeys((*((owner,) if owner else ()), *scene.managers))), made))


def _card(tr: Translator, one: Said) -> Key:
    return Key(tr.button(CARD), Intent("show", one.conversation_id))
