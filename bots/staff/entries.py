"""Entries: how a link that brings a product and a source reads, its posts, and what is said when one of them was not taken."""

from collections.abc import Iterator

from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.visit import Visit
from bots.staff.words import UNDO
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.base.text import clean_name, cut, isolated
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.reports.words import state_words, why
from crm.sales import entries, postings
from crm.sales.entries import Known
from crm.sales.postings import Shown

ALL, END, RENEW = N_button("All links"), N_button("List it no more"), N_button("List it again")
POST, POST_AGAIN, TAKE_DOWN = N_button("Post it in a channel"), N_button("Post it again"), N_button("Take it down")
POSTS_SHOWN, TEXT_SHOWN = 3, 40


def titled(known: Known) -> str:
    """What a link is about, and where it stands."""
    return f"{isolated(known.product)} · {isolated(known.source)}"


def page(session: Session, visit: Visit, known: Known, *, new: bool = False, ended: bool = False) -> Post:
    """A link with the ways in, its leads, its posts."""
    tr, links = visit.tr, visit.ways.links(known.code, known.product)
    ways = [f"{visit.titles.get(account, account)}: {link}" for account, link in links.items()]
    said = [
        f"🔗 {titled(known)}",
        *(ways or [tr("No connected channel has a link of its own yet. The code works in words too.")]),
        tr("In words: #{code}", code=known.code),
        tr.many("{n} lead came by it.", "{n} leads came by it.", entries.brought(session, known.id)),
        *_posts(tr, visit, session, known),
    ]
    return Post("\n".join(said), _keys(tr, visit, session, known, new=new, ended=ended))


def _posts(tr: Translator, visit: Visit, session: Session, known: Known) -> Iterator[str]:
    for one in postings.postings_of(session, visit.rep, known.id)[:POSTS_SHOWN]:
        state = tr("taken down") if one.down else state_words(tr, one.state, one.detail)
        yield f"📢 {clean_name(one.address)}, {tr.when(one.at, visit.company.zone, visit.now)}: {state}"


def _keys(tr: Translator, visit: Visit, session: Session, known: Known, *, new: bool, ended: bool) -> Keys:
    posts = [one for one in postings.postings_of(session, visit.rep, known.id) if not one.down and one.state not in (State.FAILED, State.CANCELLED)]
    down = ((Key(tr.button(TAKE_DOWN), Intent("link", known.id, f"down:{posts[0].id}")),),) if posts else ()
    if ended:
        return (*down, (Key(tr.button(UNDO if new else RENEW), Intent("link", known.id, "renew")), _all(tr)))
    last = Key(tr.button(UNDO if new else END), Intent("link", known.id, "end"))
    return ((Key(tr.button(POST), Intent("link", known.id, "post")),), *down, (_all(tr), last))


def _all(tr: Translator) -> Key:
    return Key(tr.button(ALL), Intent("links"))


def trouble(session: Session, notice: Waiting, delivery: Delivery, scene: Scene) -> Rendered:
    """A post was not taken, or nobody knows: the managers hear why, and what to do."""
    posting = postings.posting_of(session, delivery.id)
    if posting is None or posting.down:
        return Rendered(notice)

    def post(tr: Translator, rep: Rep) -> Post:
        if posting.state is State.UNKNOWN:
            words = tr("⚠️ Nobody knows whether your post in {board} arrived. Look there before you post it again.", board=clean_name(posting.address))
        else:
            words = tr("⚠️ Your post in {board} failed: {why}.", board=clean_name(posting.address), why=why(tr, posting.detail))
            words += " " + tr("The customers' bot must be an administrator there who may post.")
        return Post(f"{words}\n{excerpt(posting)}", ((Key(tr.button(POST_AGAIN), Intent("link", posting.entry_id, f"again:{posting.id}")),),))

    return Rendered(notice, mail_each(notice, scene.managers, post))


def excerpt(posting: Shown) -> str:
    """The beginning of a post."""
    return isolated(cut(" ".join(posting.text.split()), TEXT_SHOWN))
