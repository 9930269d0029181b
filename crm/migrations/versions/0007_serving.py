"""Serving: queues and calendars, prices and documents, orders and payments, projects, rules, what else the seventh release keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "captures",
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="asked", nullable=False),
        sa.Column("data", sa.String(), server_default="{}", nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("contact_id", WHOLE, nullable=True),
        sa.Column("conversation_id", WHOLE, nullable=True),
        sa.Column("import_id", WHOLE, nullable=True),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("settled_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("captures_rep", "captures", ["rep_id", "id"])
    op.create_index("ix_captures_contact_id", "captures", ["contact_id"])
    op.create_table(
        "discount_rules",
        sa.Column("product_id", WHOLE, nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("share_bp", WHOLE, nullable=False),
        sa.Column("set_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("product_id", "cause"),
    )
    op.create_table(
        "followers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ahead", WHOLE, nullable=False),
        sa.Column("mark", WHOLE, nullable=False),
        sa.Column("head", WHOLE, nullable=False),
        sa.Column("head_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "layouts",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("words", sa.String(), server_default="{}", nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "language", "version"),
    )
    op.create_table(
        "leaves",
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("from_on", sa.String(), nullable=False),
        sa.Column("to_on", sa.String(), nullable=False),
        sa.Column("from_at", WHOLE, server_default="0", nullable=False),
        sa.Column("to_at", WHOLE, server_default="0", nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_leaves_rep_id", "leaves", ["rep_id"])
    op.create_table(
        "off_days",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("off", WHOLE, nullable=False),
        sa.Column("said_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "offers",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("team_id", WHOLE, nullable=True),
        sa.Column("given_by", WHOLE, nullable=True),
        sa.Column("team_before", WHOLE, nullable=True),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("waiting_since", WHOLE, server_default="0", nullable=False),
        sa.Column("offered_at", WHOLE, nullable=False),
        sa.Column("until", WHOLE, server_default="0", nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("outcome", sa.String(), server_default="", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("offers_conversation", "offers", ["conversation_id", "id"])
    op.create_index("offers_one", "offers", ["conversation_id"], unique=True, sqlite_where=sa.text("ended_at = 0"), postgresql_where=sa.text("ended_at = 0"))
    op.create_index("offers_open", "offers", ["ended_at", "until"], sqlite_where=sa.text("ended_at = 0"), postgresql_where=sa.text("ended_at = 0"))
    op.create_table(
        "order_years",
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("last", WHOLE, server_default="1", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("year"),
    )
    op.create_table(
        "pay_asks",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("order_id", WHOLE, nullable=True),
        sa.Column("document_id", WHOLE, nullable=True),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("seen_id", WHOLE, nullable=False),
        sa.Column("asked_at", WHOLE, nullable=False),
        sa.Column("until", WHOLE, nullable=False),
        sa.Column("open", WHOLE, server_default="1", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_pay_asks_conversation_id", "pay_asks", ["conversation_id"])
    op.create_index("pay_asks_open", "pay_asks", ["conversation_id", "id"], sqlite_where=sa.text("open = 1"), postgresql_where=sa.text("open = 1"))
    op.create_table(
        "pay_rules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holds", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "pay_ways",
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("details", sa.String(), server_default="", nullable=False),
        sa.Column("qr_account", sa.String(), server_default="", nullable=False),
        sa.Column("qr_ref", sa.String(), server_default="", nullable=False),
        sa.Column("qr_mime", sa.String(), server_default="", nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_table(
        "products",
        sa.Column("code", sa.String(), server_default="", nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), server_default="", nullable=False),
        sa.Column("price", WHOLE, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("tax_bp", WHOLE, server_default="0", nullable=False),
        sa.Column("tax_inside", WHOLE, server_default="1", nullable=False),
        sa.Column("stock_kept", WHOLE, server_default="0", nullable=False),
        sa.Column("on_hand", WHOLE, server_default="0", nullable=False),
        sa.Column("reserved", WHOLE, server_default="0", nullable=False),
        sa.Column("low_m", WHOLE, server_default="0", nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("products_active", "products", ["active", "name", "id"])
    op.create_index("products_code", "products", ["code"], unique=True, sqlite_where=sa.text("active = 1 AND code <> ''"), postgresql_where=sa.text("active = 1 AND code <> ''"))
    op.create_table(
        "queue_channels",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("team_id", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account"),
    )
    op.create_table(
        "queues",
        sa.Column("team_id", WHOLE, nullable=False),
        sa.Column("way", sa.String(), server_default="everybody", nullable=False),
        sa.Column("accept_ms", WHOLE, server_default="120000", nullable=False),
        sa.Column("cap", WHOLE, server_default="0", nullable=False),
        sa.Column("answer_within", WHOLE, server_default="0", nullable=False),
        sa.Column("next_within", WHOLE, server_default="0", nullable=False),
        sa.Column("absent_ms", WHOLE, server_default="1800000", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("team_id"),
    )
    op.create_table(
        "score_models",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("won", WHOLE, nullable=False),
        sa.Column("lost", WHOLE, nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "serials",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "skills",
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rep_id", "kind", "word"),
    )
    op.create_table(
        "stock_moves",
        sa.Column("product_id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("quantity_m", WHOLE, nullable=False),
        sa.Column("cause", sa.String(), server_default="", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("stock_moves_cause", "stock_moves", ["cause", "product_id"])
    op.create_index("stock_moves_product", "stock_moves", ["product_id", "id"])
    op.create_table(
        "survey_switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "work_hours",
        sa.Column("team_id", WHOLE, nullable=True),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), server_default="", nullable=False),
        sa.Column("said_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_work_hours_rep_id", "work_hours", ["rep_id"])
    op.create_table(
        "blueprints",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pipeline_id", WHOLE, nullable=True),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("version", WHOLE, server_default="1", nullable=False),
        sa.Column("state", sa.String(), server_default="draft", nullable=False),
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("deal_id", WHOLE, nullable=True),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net", WHOLE, server_default="0", nullable=False),
        sa.Column("tax", WHOLE, server_default="0", nullable=False),
        sa.Column("total", WHOLE, server_default="0", nullable=False),
        sa.Column("due_on", sa.String(), server_default="", nullable=False),
        sa.Column("data", sa.String(), server_default="{}", nullable=False),
        sa.Column("seal", sa.String(), server_default="", nullable=False),
        sa.Column("replaces_id", WHOLE, nullable=True),
        sa.Column("message_id", WHOLE, nullable=True),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("issued_at", WHOLE, server_default="0", nullable=False),
        sa.Column("sent_at", WHOLE, server_default="0", nullable=False),
        sa.Column("answered_at", WHOLE, server_default="0", nullable=False),
        sa.Column("paid_at", WHOLE, server_default="0", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number", "version"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("documents_state", "documents", ["state", "id"])
    op.create_index("ix_documents_contact_id", "documents", ["contact_id"])
    op.create_index("ix_documents_deal_id", "documents", ["deal_id"])
    op.create_table(
        "orders",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("conversation_id", WHOLE, nullable=True),
        sa.Column("deal_id", WHOLE, nullable=True),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("state", sa.String(), server_default="new", nullable=False),
        sa.Column("before", sa.String(), server_default="", nullable=False),
        sa.Column("address", sa.String(), server_default="", nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total", WHOLE, nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("tells", WHOLE, server_default="1", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("moved_at", WHOLE, server_default="0", nullable=False),
        sa.Column("paid_at", WHOLE, server_default="0", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_orders_contact_id", "orders", ["contact_id"])
    op.create_index("ix_orders_conversation_id", "orders", ["conversation_id"])
    op.create_index("ix_orders_deal_id", "orders", ["deal_id"])
    op.create_index("orders_open", "orders", ["rep_id", "id"], sqlite_where=sa.text("state IN ('new', 'confirmed', 'sent')"), postgresql_where=sa.text("state IN ('new', 'confirmed', 'sent')"))
    op.create_index("orders_paid", "orders", ["paid_at", "id"])
    op.create_table(
        "payments",
        sa.Column("order_id", WHOLE, nullable=True),
        sa.Column("document_id", WHOLE, nullable=True),
        sa.Column("deal_id", WHOLE, nullable=True),
        sa.Column("contact_id", WHOLE, nullable=True),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("method", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account", sa.String(), server_default="", nullable=False),
        sa.Column("number", sa.String(), server_default="", nullable=False),
        sa.Column("reference", sa.String(), server_default="", nullable=False),
        sa.Column("attachment_id", WHOLE, nullable=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("confirmed_by", WHOLE, nullable=True),
        sa.Column("confirmed_at", WHOLE, server_default="0", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_payments_contact_id", "payments", ["contact_id"])
    op.create_index("ix_payments_deal_id", "payments", ["deal_id"])
    op.create_index("ix_payments_document_id", "payments", ["document_id"])
    op.create_index("ix_payments_order_id", "payments", ["order_id"])
    op.create_index("payments_claimed", "payments", ["rep_id", "id"], sqlite_where=sa.text("state = 'claimed'"), postgresql_where=sa.text("state = 'claimed'"))
    op.create_table(
        "rules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("active", WHOLE, server_default="0", nullable=False),
        sa.Column("failures", WHOLE, server_default="0", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_table(
        "tags",
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contact_id", "word"),
    )
    op.create_index("tags_word", "tags", ["word", "contact_id"])
    op.create_table(
        "blueprint_steps",
        sa.Column("blueprint_id", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), server_default="deal", nullable=False),
        sa.Column("whose_id", WHOLE, nullable=True),
        sa.Column("due_days", WHOLE, nullable=False),
        sa.Column("working", WHOLE, server_default="1", nullable=False),
        sa.Column("notify_text", sa.String(), server_default="", nullable=False),
        sa.Column("notify_on", sa.String(), server_default="done", nullable=False),
        sa.Column("notify_auto", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["blueprint_id"], ["blueprints.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_blueprint_steps_blueprint_id", "blueprint_steps", ["blueprint_id"])
    op.create_table(
        "drawings",
        sa.Column("document_id", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("tries", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("drawings_due", "drawings", ["due_at"])
    op.create_table(
        "order_lines",
        sa.Column("order_id", WHOLE, nullable=False),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("product_id", WHOLE, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), server_default="", nullable=False),
        sa.Column("quantity_m", WHOLE, nullable=False),
        sa.Column("price", WHOLE, nullable=False),
        sa.Column("total", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_lines_order_id", "order_lines", ["order_id"])
    op.create_table(
        "rule_runs",
        sa.Column("rule_id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("event_id", WHOLE, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("contact_id", WHOLE, nullable=True),
        sa.Column("outcome", sa.String(), server_default="waiting", nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("depth", WHOLE, server_default="0", nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_id", "event_id"),
    )
    op.create_index("ix_rule_runs_contact_id", "rule_runs", ["contact_id"])
    op.create_index("rule_runs_due", "rule_runs", ["due_at", "id"], sqlite_where=sa.text("outcome IN ('waiting', 'timed')"), postgresql_where=sa.text("outcome IN ('waiting', 'timed')"))
    op.create_index("rule_runs_ended", "rule_runs", ["outcome", "ended_at"])
    op.create_table(
        "rule_versions",
        sa.Column("rule_id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_id", "version"),
    )
    op.create_table(
        "shipments",
        sa.Column("order_id", WHOLE, nullable=False),
        sa.Column("carrier", sa.String(), server_default="", nullable=False),
        sa.Column("tracking", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), server_default="packed", nullable=False),
        sa.Column("expected_on", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_shipments_order_id", "shipments", ["order_id"])
    op.create_table(
        "deal_lines",
        sa.Column("deal_id", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("product_id", WHOLE, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), server_default="", nullable=False),
        sa.Column("quantity_m", WHOLE, nullable=False),
        sa.Column("price", WHOLE, nullable=False),
        sa.Column("discount_bp", WHOLE, server_default="0", nullable=False),
        sa.Column("discount_amount", WHOLE, server_default="0", nullable=False),
        sa.Column("tax_bp", WHOLE, server_default="0", nullable=False),
        sa.Column("tax_inside", WHOLE, server_default="1", nullable=False),
        sa.Column("discount_why", sa.String(), server_default="", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deal_id", "position"),
    )
    op.create_table(
        "projects",
        sa.Column("deal_id", WHOLE, nullable=True),
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("blueprint_id", WHOLE, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("state", sa.String(), server_default="running", nullable=False),
        sa.Column("health", sa.String(), server_default="ok", nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("started_at", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("closed_at", WHOLE, server_default="0", nullable=False),
        sa.Column("touched_at", WHOLE, nullable=False),
        sa.Column("check_at", WHOLE, server_default="0", nullable=False),
        sa.Column("nps_at", WHOLE, server_default="0", nullable=False),
        sa.Column("budget", WHOLE, server_default="0", nullable=False),
        sa.Column("currency", sa.String(), server_default="", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["blueprint_id"], ["blueprints.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_projects_contact_id", "projects", ["contact_id"])
    op.create_index("ix_projects_deal_id", "projects", ["deal_id"])
    op.create_index("projects_check", "projects", ["check_at"], sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
    op.create_index("projects_nps", "projects", ["nps_at"], sqlite_where=sa.text("nps_at > 0"), postgresql_where=sa.text("nps_at > 0"))
    op.create_index("projects_rep", "projects", ["rep_id", "state"])
    op.create_index("projects_running", "projects", ["due_at", "id"], sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
    op.create_table(
        "ratings",
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("subject_id", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("score", WHOLE, nullable=True),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("asked_at", WHOLE, nullable=False),
        sa.Column("answered_at", WHOLE, server_default="0", nullable=False),
        sa.Column("words_until", WHOLE, server_default="0", nullable=False),
        sa.Column("listen_from", WHOLE, server_default="0", nullable=False),
        sa.Column("once", sa.String(), nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_ratings_contact_id", "ratings", ["contact_id"])
    op.create_index("ix_ratings_conversation_id", "ratings", ["conversation_id"])
    op.create_index("ratings_answered", "ratings", ["kind", "answered_at"])
    op.create_index("ratings_listens", "ratings", ["words_until"], sqlite_where=sa.text("words_until > 0"), postgresql_where=sa.text("words_until > 0"))
    op.create_table(
        "project_costs",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_project_costs_project_id", "project_costs", ["project_id"])
    op.create_table(
        "project_steps",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("blocked_why", sa.String(), server_default="", nullable=False),
        sa.Column("begun_at", WHOLE, server_default="0", nullable=False),
        sa.Column("done_at", WHOLE, server_default="0", nullable=False),
        sa.Column("task_id", WHOLE, nullable=True),
        sa.Column("notify_text", sa.String(), server_default="", nullable=False),
        sa.Column("notify_on", sa.String(), server_default="done", nullable=False),
        sa.Column("notify_auto", WHOLE, server_default="0", nullable=False),
        sa.Column("told_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_project_steps_project_id", "project_steps", ["project_id"])
    op.create_index("ix_project_steps_task_id", "project_steps", ["task_id"])
    op.add_column("contacts", sa.Column("greeting_name", sa.String(), server_default="", nullable=False))
    op.add_column("conversations", sa.Column("team_id", WHOLE, nullable=True))
    op.create_index("deals_won", "deals", ["state", "closed_at", "created_at", "rep_id"], sqlite_where=sa.text("state = 'won'"), postgresql_where=sa.text("state = 'won'"))
    op.add_column("imports", sa.Column("kind", sa.String(), server_default="people", nullable=False))
    op.add_column("imports", sa.Column("about", sa.String(), server_default="{}", nullable=False))
    op.add_column("leads", sa.Column("heat", sa.String(), server_default="", nullable=False))
    op.add_column("notes", sa.Column("source", sa.String(), server_default="", nullable=False))
    op.add_column("notes", sa.Column("attachment_id", WHOLE, nullable=True))
    op.add_column("pipelines", sa.Column("kind", sa.String(), server_default="", nullable=False))
    op.add_column("reps", sa.Column("weekly", WHOLE, server_default="1", nullable=False))
    # What was learnt by itself stood there too; from now on it is what somebody of the team chose, and what is learnt is counted when it is wanted.
    op.execute("UPDATE contacts SET preferred_id = NULL")
