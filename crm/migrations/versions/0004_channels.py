"""Every channel: aliases, mails, calls, tasks, statuses that come early, two people who may be one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("preferred_id", WHOLE, nullable=True))
    op.add_column("identities", sa.Column("session_ends_at", WHOLE, server_default="0", nullable=False))
    op.add_column("messages", sa.Column("deleted_at", WHOLE, server_default="0", nullable=False))
    op.add_column("links", sa.Column("before", sa.String(), server_default="", nullable=False))
    op.add_column("links", sa.Column("undone_at", WHOLE, server_default="0", nullable=False))
    op.create_index("ix_links_loser_id", "links", ["loser_id"])
    op.create_index("ix_links_winner_id", "links", ["winner_id"])
    op.drop_index("deliveries_external", "deliveries")
    staff, customers = sa.text("external_id IS NOT NULL AND desk = 1"), sa.text("external_id IS NOT NULL AND desk = 0")
    op.create_index("deliveries_external", "deliveries", ["account", "address", "external_id"], sqlite_where=staff, postgresql_where=staff)
    op.create_index("deliveries_told", "deliveries", ["account", "external_id"], sqlite_where=customers, postgresql_where=customers)
    op.create_table(
        "identity_aliases",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("identity_id", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identities.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "external_id"),
    )
    op.create_index("ix_identity_aliases_identity_id", "identity_aliases", ["identity_id"])
    op.create_table(
        "suggestions",
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("other_id", WHOLE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), server_default="", nullable=False),
        sa.Column("score", WHOLE, nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("decided_at", WHOLE, server_default="0", nullable=False),
        sa.Column("decided_by", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["contacts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contact_id", "other_id"),
    )
    op.create_index("suggestions_other", "suggestions", ["other_id"])
    op.create_table(
        "mails",
        sa.Column("message_id", WHOLE, nullable=False),
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), server_default="", nullable=False),
        sa.Column("subject", sa.String(), server_default="", nullable=False),
        sa.Column("full", sa.String(), server_default="", nullable=False),
        sa.Column("ancestors", sa.String(), server_default="", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index("mails_conversation", "mails", ["conversation_id", "id"])
    op.create_index("mails_external", "mails", ["account", "external_id"])
    op.create_table(
        "calls",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("message_id", WHOLE, nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("outgoing", WHOLE, server_default="0", nullable=False),
        sa.Column("line", sa.String(), server_default="", nullable=False),
        sa.Column("agent", sa.String(), server_default="", nullable=False),
        sa.Column("began_at", WHOLE, nullable=False),
        sa.Column("answered_at", WHOLE, server_default="0", nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("seconds", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "external_id"),
    )
    op.create_index("calls_conversation", "calls", ["conversation_id", "id"])
    op.create_table(
        "tasks",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("done_at", WHOLE, server_default="0", nullable=False),
        sa.Column("done_by", WHOLE, nullable=True),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_tasks_conversation_id", "tasks", ["conversation_id"])
    op.create_index("tasks_open", "tasks", ["due_at"], sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "approved_templates",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("category", sa.String(), server_default="", nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("used_for", sa.String(), server_default="", nullable=False),
        sa.Column("seen_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "name", "language"),
    )
    op.create_table(
        "pending_statuses",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("arrival", sa.String(), nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("detail", sa.String(), server_default="", nullable=False),
        sa.Column("kept_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "external_id", "arrival"),
    )
    op.create_index("pending_statuses_kept", "pending_statuses", ["kept_at"])
