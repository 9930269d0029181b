"""Selling and serving: pipelines, deals, fields, companies, what else the sixth release keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("companies_folded", "companies", ["folded"])
    op.create_table(
        "fields",
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("choices", sa.String(), server_default="[]", nullable=False),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("shown", WHOLE, server_default="1", nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("about", "name"),
    )
    op.create_table(
        "findables",
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "imports",
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="reading", nullable=False),
        sa.Column("how", sa.String(), server_default="", nullable=False),
        sa.Column("header", sa.String(), server_default="[]", nullable=False),
        sa.Column("shape", sa.String(), server_default="", nullable=False),
        sa.Column("mapping", sa.String(), server_default="[]", nullable=False),
        sa.Column("samples", sa.String(), server_default="[]", nullable=False),
        sa.Column("counts", sa.String(), server_default="{}", nullable=False),
        sa.Column("rows", WHOLE, server_default="0", nullable=False),
        sa.Column("report_id", WHOLE, nullable=True),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_imports_shape", "imports", ["shape"])
    op.create_table(
        "jobs",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", WHOLE, server_default="0", nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("facts", sa.String(), server_default="{}", nullable=False),
        sa.Column("done", WHOLE, server_default="0", nullable=False),
        sa.Column("total", WHOLE, server_default="0", nullable=False),
        sa.Column("place", WHOLE, server_default="0", nullable=False),
        sa.Column("holder", sa.String(), server_default="", nullable=False),
        sa.Column("held_until", WHOLE, server_default="0", nullable=False),
        sa.Column("tries", WHOLE, server_default="0", nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("jobs_live", "jobs", ["id"], sqlite_where=sa.text("state IN ('queued', 'running')"), postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.create_index("jobs_subject", "jobs", ["kind", "subject_id"])
    op.create_table(
        "made_files",
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pins",
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("tries", WHOLE, server_default="0", nullable=False),
        sa.Column("locked_until", WHOLE, server_default="0", nullable=False),
        sa.Column("set_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rep_id"),
    )
    op.create_table(
        "pipelines",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_table(
        "reasons",
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("usual", sa.String(), nullable=True),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("about", "usual"),
    )
    op.create_index("reasons_about", "reasons", ["about", "place"])
    op.create_table(
        "seals",
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("from_id", WHOLE, nullable=False),
        sa.Column("to_id", WHOLE, nullable=False),
        sa.Column("count", WHOLE, nullable=False),
        sa.Column("late", WHOLE, server_default="0", nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("checked", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("place"),
    )
    op.create_index("seals_unchecked", "seals", ["checked", "late", "place"])
    op.create_table(
        "search_marks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ahead", WHOLE, server_default="0", nullable=False),
        sa.Column("mark", WHOLE, server_default="0", nullable=False),
        sa.Column("head", WHOLE, server_default="0", nullable=False),
        sa.Column("head_at", WHOLE, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "step_ups",
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("about", sa.String(), server_default="", nullable=False),
        sa.Column("asked_at", WHOLE, nullable=False),
        sa.Column("confirmed_at", WHOLE, server_default="0", nullable=False),
        sa.Column("confirmed_by", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("step_ups_rep", "step_ups", ["rep_id", "asked_at"])
    op.create_table(
        "teams",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lead_id", WHOLE, nullable=True),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, server_default="0", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tombstones",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "word_grams",
        sa.Column("gram", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("gram", "word"),
    )
    op.create_index("word_grams_word", "word_grams", ["word"], sqlite_where=sa.text("gram = ''"), postgresql_where=sa.text("gram = ''"))
    op.create_table(
        "field_values",
        sa.Column("field_id", WHOLE, nullable=False),
        sa.Column("subject_id", WHOLE, nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["field_id"], ["fields.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("field_id", "subject_id"),
    )
    op.create_index("field_values_value", "field_values", ["field_id", "value"])
    op.create_table(
        "import_rows",
        sa.Column("import_id", WHOLE, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("cells", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), server_default="", nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("contact_id", WHOLE, nullable=True),
        sa.Column("made", sa.String(), server_default="{}", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("import_id", "number"),
    )
    op.create_index("import_rows_outcome", "import_rows", ["import_id", "outcome"])
    op.create_index("ix_import_rows_contact_id", "import_rows", ["contact_id"])
    op.create_table(
        "stages",
        sa.Column("pipeline_id", WHOLE, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("probability", WHOLE, nullable=False),
        sa.Column("rotting_days", WHOLE, server_default="0", nullable=False),
        sa.Column("demands", sa.String(), server_default="[]", nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stages_pipeline_id", "stages", ["pipeline_id"])
    op.create_table(
        "deals",
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("company_id", WHOLE, nullable=True),
        sa.Column("lead_id", WHOLE, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("pipeline_id", WHOLE, nullable=False),
        sa.Column("stage_id", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("amount", WHOLE, nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("expected_on", sa.String(), server_default="", nullable=False),
        sa.Column("pushes", WHOLE, server_default="0", nullable=False),
        sa.Column("reason_id", WHOLE, nullable=True),
        sa.Column("reason_words", sa.String(), server_default="", nullable=False),
        sa.Column("entered_at", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("closed_at", WHOLE, server_default="0", nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"]),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"]),
        sa.ForeignKeyConstraint(["stage_id"], ["stages.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.ForeignKeyConstraint(["reason_id"], ["reasons.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("deals_created", "deals", ["created_at", "id"])
    op.create_index("deals_open", "deals", ["state", "entered_at", "id"])
    op.create_index("deals_rep", "deals", ["rep_id", "state", "entered_at", "id"])
    op.create_index("deals_stage", "deals", ["state", "stage_id", "entered_at", "currency", "amount", "rep_id"])
    op.create_index("ix_deals_company_id", "deals", ["company_id"])
    op.create_index("ix_deals_contact_id", "deals", ["contact_id"])
    op.create_index("ix_deals_lead_id", "deals", ["lead_id"])
    op.create_table(
        "snippets",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("texts", sa.String(), nullable=False),
        sa.Column("stage_id", WHOLE, nullable=True),
        sa.Column("uses", WHOLE, server_default="0", nullable=False),
        sa.Column("active", WHOLE, server_default="1", nullable=False),
        sa.Column("made_by", WHOLE, nullable=True),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["stage_id"], ["stages.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("folded"),
    )
    op.create_table(
        "answer_clocks",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("waiting_since", WHOLE, nullable=False),
        sa.Column("told", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id"),
    )
    op.create_table(
        "deal_contacts",
        sa.Column("deal_id", WHOLE, nullable=False),
        sa.Column("contact_id", WHOLE, nullable=False),
        sa.Column("role", sa.String(), server_default="", nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deal_id", "contact_id"),
    )
    op.create_index("ix_deal_contacts_contact_id", "deal_contacts", ["contact_id"])
    op.create_table(
        "planned_replies",
        sa.Column("conversation_id", WHOLE, nullable=False),
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("unless_reply", WHOLE, nullable=False),
        sa.Column("seen_id", WHOLE, nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("once", sa.String(), nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.ForeignKeyConstraint(["rep_id"], ["reps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index("ix_planned_replies_conversation_id", "planned_replies", ["conversation_id"])
    op.create_index("planned_replies_due", "planned_replies", ["due_at"], sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_table(
        "stage_stays",
        sa.Column("deal_id", WHOLE, nullable=False),
        sa.Column("stage_id", WHOLE, nullable=False),
        sa.Column("entered_at", WHOLE, nullable=False),
        sa.Column("left_at", WHOLE, server_default="0", nullable=False),
        sa.Column("rep_id", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"]),
        sa.ForeignKeyConstraint(["stage_id"], ["stages.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stage_stays_deal_id", "stage_stays", ["deal_id"])
    op.create_index("stage_stays_stage", "stage_stays", ["stage_id", "entered_at"])
    op.add_column("contacts", sa.Column("kind", sa.String(), server_default="customer", nullable=False))
    op.add_column("contacts", sa.Column("company_id", WHOLE, nullable=True))
    op.create_index("ix_contacts_company_id", "contacts", ["company_id"])
    op.add_column("entries", sa.Column("referrer_id", WHOLE, nullable=True))
    op.create_index("ix_entries_referrer_id", "entries", ["referrer_id"])
    op.add_column("forums", sa.Column("spread_at", WHOLE, server_default="0", nullable=False))
    op.add_column("forums", sa.Column("spread_id", WHOLE, server_default="0", nullable=False))
    op.add_column("invites", sa.Column("lasts", WHOLE, server_default="0", nullable=False))
    op.add_column("reps", sa.Column("expires_at", WHOLE, server_default="0", nullable=False))
    op.add_column("reps", sa.Column("team_id", WHOLE, nullable=True))
    op.add_column("reps", sa.Column("scope", sa.String(), server_default="", nullable=False))
    op.add_column("reps", sa.Column("points", sa.String(), server_default="", nullable=False))
    op.add_column("reps", sa.Column("username", sa.String(), server_default="", nullable=False))
    op.add_column("reps", sa.Column("zone", sa.String(), server_default="", nullable=False))
    op.add_column("reps", sa.Column("morning", WHOLE, server_default="1", nullable=False))
    op.add_column("leads", sa.Column("rep_id", WHOLE, nullable=True))
    op.add_column("leads", sa.Column("reason_id", WHOLE, nullable=True))
    op.add_column("leads", sa.Column("reason_words", sa.String(), server_default="", nullable=False))
    op.add_column("leads", sa.Column("closed_at", WHOLE, server_default="0", nullable=False))
    with op.batch_alter_table("tasks") as table:
        table.alter_column("conversation_id", existing_type=WHOLE, nullable=True)
    op.add_column("tasks", sa.Column("deal_id", WHOLE, nullable=True))
    op.add_column("tasks", sa.Column("unless_reply", WHOLE, server_default="0", nullable=False))
    op.add_column("tasks", sa.Column("raised", WHOLE, server_default="0", nullable=False))
    op.create_index("ix_tasks_deal_id", "tasks", ["deal_id"])
    op.create_index("tasks_person", "tasks", ["contact_id"], sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_index("tasks_unless_reply", "tasks", ["unless_reply", "contact_id"], sqlite_where=sa.text("state = 'open' AND unless_reply = 1"), postgresql_where=sa.text("state = 'open' AND unless_reply = 1"))
