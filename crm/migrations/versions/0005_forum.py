"""The staff's group, albums, own accounts, links that bring a product, files that are linked, messages in pieces."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("reps", sa.Column("text_only", WHOLE, server_default="0", nullable=False))
    op.add_column("pending_edits", sa.Column("gone", WHOLE, server_default="0", nullable=False))
    op.create_index("ix_rep_messages_message_id", "rep_messages", ["message_id"])
    op.create_table(
        "shares",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("attachment_id", WHOLE, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_shares_attachment_id", "shares", ["attachment_id"])
    op.create_table(
        "forums",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("linked_by", WHOLE, nullable=True),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chat"),
    )
    op.create_table(
        "forum_topics",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("thread", WHOLE, server_default="0", nullable=False),
        sa.Column("before", WHOLE, server_default="0", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("delivery_id", WHOLE, server_default="0", nullable=False),
        sa.Column("tries", WHOLE, server_default="0", nullable=False),
        sa.Column("shown_id", WHOLE, server_default="0", nullable=False),
        sa.Column("start_id", WHOLE, server_default="0", nullable=False),
        sa.Column("more", WHOLE, server_default="0", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id"),
    )
    op.create_index("forum_topics_creating", "forum_topics", ["delivery_id"], sqlite_where=sa.text("state = 'creating'"), postgresql_where=sa.text("state = 'creating'"))
    op.create_index("forum_topics_thread", "forum_topics", ["chat", "thread"])
    op.create_table(
        "window_ends",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("version", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id"),
    )
    op.create_index("ix_window_ends_at", "window_ends", ["at"])
    op.create_table(
        "entries",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("made_by", WHOLE, nullable=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "lead_entries",
        sa.Column("lead_id", WHOLE, nullable=False),
        sa.Column("entry_id", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_id", "lead_id"),
    )
    op.create_index("lead_entries_lead", "lead_entries", ["lead_id", "id"])
    op.create_table(
        "postings",
        sa.Column("entry_id", WHOLE, nullable=False),
        sa.Column("delivery_id", WHOLE, nullable=False),
        sa.Column("made_by", WHOLE, nullable=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("down_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("delivery_id"),
    )
    op.create_index("ix_postings_entry_id", "postings", ["entry_id"])
    op.create_table(
        "album_parts",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("album", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("message_id", WHOLE, nullable=False),
        sa.Column("text", sa.String(), server_default="", nullable=False),
        sa.Column("edited_at", WHOLE, server_default="0", nullable=False),
        sa.Column("deleted_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "external_id"),
    )
    op.create_index("album_parts_album", "album_parts", ["conversation_id", "album"])
    op.create_index("ix_album_parts_message_id", "album_parts", ["message_id"])
    op.create_table(
        "own_accounts",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("through", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("may_write", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "through"),
    )
    op.create_table(
        "own_chats",
        sa.Column("identity_id", WHOLE, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("through", sa.String(), nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identities.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity_id"),
    )
    op.create_index("own_chats_through", "own_chats", ["account", "through"])
    op.create_table(
        "delivery_pieces",
        sa.Column("delivery_id", WHOLE, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("arrival", sa.String(), server_default="", nullable=False),
        sa.Column("at", WHOLE, server_default="0", nullable=False),
        sa.Column("kept_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "external_id"),
    )
    op.create_index("delivery_pieces_delivery", "delivery_pieces", ["delivery_id"])
    op.create_index("delivery_pieces_kept", "delivery_pieces", ["kept_at"])
