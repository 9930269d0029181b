"""/refer: a customer's own link for their friends; whoever comes by it is written to their credit."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at, send
from bots.staff.sight import read_name
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_, N_button, translator
from crm.base.text import isolated
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.sales.entries import Known, code_of
from crm.sales.referrals import brought_by, refer

SEND = N_button("Send it to them")


def deed(session: Session, visit: Visit) -> Done:
    """Show the link of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        return Done((Post(visit.tr("Reply with /refer to a card or to a message of the customer."), menus.home(visit.tr)),))
    tr, root = visit.tr, root_of(session, the(session, conversation_id).contact_id)
    known = refer(session, visit.rep, root.id, code_of(visit.secret("refer")), now=visit.now)
    links = visit.ways.links(known.code, "")
    lines = [
        tr(
            "🤝 The link of {name} for their friends. Whoever comes by it is written to their credit.",
            name=read_name(tr, visit.rep, root.name or root.platform_name),
        ),
        *([f"{visit.titles.get(account, account)}: {link}" for account, link in links.items()]),
        tr("In words: #{code}", code=known.code),
        tr.many("{n} customer came by it.", "{n} customers came by it.", brought_by(session, root.id)),
    ]
    return Done((Post("\n".join(lines), ((Key(tr.button(SEND), Intent("refer", conversation_id)),),)),))


def hand_over(session: Session, visit: Visit, intent: Intent) -> Done:
    """Send the link into the conversation, in the customer's language."""
    conversation = the(session, intent.target)
    root = root_of(session, conversation.contact_id)
    known = refer(session, visit.rep, root.id, code_of(visit.secret("refer")), now=visit.now)
    tr = translator(root.language)
    words = tr("Tell your friends about us: {way}", way=_way(visit, conversation.account, known))
    done = send(
        session, visit, conversation.id, {"text": words, "message": -visit.event, "once": visit.once, "seen": conversation.last_heard_id, "media": None}
    )
    return Done(done.posts, visit.tr("It is on its way.") if not done.posts else "")


def _way(visit: Visit, account: str, known: Known) -> str:
    """The link to where they write themselves, or to any other place; the code alone where there is none."""
    links = visit.ways.links(known.code, "")
    return links.get(account) or next(iter(links.values()), f"#{isolated(known.code)}")


COMMAND = Command("refer", N_("A customer's link for their friends"), deed, presses={"refer": hand_over}, group=Group.PEOPLE)
