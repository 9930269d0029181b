"""Own accounts: accounts of members of the staff where they let us read and answer in their stead, and the addresses that are reached there alone."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.table import Row
from crm.people.contacts import Identity


class OwnAccountRow(Row):
    """One own account: `owner` is the member's id on the platform, `at` the platform's instant of what is known last."""

    __tablename__ = "own_accounts"
    account: Mapped[str]
    through: Mapped[str]
    owner: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    may_write: Mapped[int]
    at: Mapped[int]
    __table_args__ = (UniqueConstraint("account", "through"),)


class OwnChat(Row):
    """An address that is reached through an own account alone."""

    __tablename__ = "own_chats"
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), unique=True)
    account: Mapped[str]
    through: Mapped[str]
    __table_args__ = (Index("own_chats_through", "account", "through"),)


def shut(session: Session, owner: str) -> None:
    """Whoever leaves the staff is not written for any more: nothing reaches the chats in their own account."""
    here = (OwnAccountRow.account == OwnChat.account) & (OwnAccountRow.through == OwnChat.through)
    chats = select(OwnChat.identity_id).join(OwnAccountRow, here).where(OwnAccountRow.owner == owner)
    session.execute(update(Identity).where(Identity.id.in_(chats)).values(reachable=0), execution_options={"synchronize_session": False})
    session.expire_all()
