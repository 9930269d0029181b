"""Many nodes on one server: shards and fair places in the inbox, what leases hand over, who is alive."""

import zlib
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.table("waiting", sa.column("event_id"), sa.column("lane"), sa.column("shard"), sa.column("rank"))


def upgrade() -> None:
    op.add_column("waiting", sa.Column("shard", WHOLE, server_default="0", nullable=False))
    op.add_column("waiting", sa.Column("rank", WHOLE, server_default="0", nullable=False))
    place_what_waits()
    op.drop_index("waiting_due", "waiting")
    op.create_index("waiting_due", "waiting", ["desk", "rank", "event_id"], sqlite_where=sa.text("parked = 0"), postgresql_where=sa.text("parked = 0"))
    op.create_index("waiting_lane", "waiting", ["lane", "rank"])
    op.drop_index("conversations_rep", "conversations")
    op.create_index("conversations_rep", "conversations", ["rep_id", "status", "waiting_since", sa.text("last_at DESC")])
    unknown = sa.text("state = 'unknown'")
    op.create_index("deliveries_unknown", "deliveries", ["account"], sqlite_where=unknown, postgresql_where=unknown)
    taken = sa.text("rep_id IS NOT NULL")
    op.create_index("conversations_taken", "conversations", ["status", "waiting_since", sa.text("last_at DESC")], sqlite_where=taken, postgresql_where=taken)
    op.add_column("leases", sa.Column("pool", sa.String(), server_default="", nullable=False))
    op.add_column("leases", sa.Column("shard", WHOLE, server_default="0", nullable=False))
    op.add_column("leases", sa.Column("paced", sa.String(), server_default="", nullable=False))
    op.create_table(
        "nodes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.String(), server_default="", nullable=False),
        sa.Column("started_at", WHOLE, nullable=False),
        sa.Column("seen_at", WHOLE, nullable=False),
        sa.Column("beats", WHOLE, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "installations",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), server_default="", nullable=False),
        sa.Column("before", sa.String(), server_default="", nullable=False),
        sa.Column("place", WHOLE, server_default="0", nullable=False),
        sa.Column("seen_at", WHOLE, server_default="0", nullable=False),
        sa.Column("held_at", WHOLE, server_default="0", nullable=False),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "logins",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.Column("used_at", WHOLE, nullable=True),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rep_id", WHOLE, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("seen_at", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_web_sessions_rep_id", "web_sessions", ["rep_id"])


def place_what_waits() -> None:
    """Events that wait while the program is changed keep their order."""
    connection = op.get_bind()
    places: dict[str, int] = defaultdict(int)
    for number, lane in connection.execute(sa.select(WAITING.c.event_id, WAITING.c.lane).order_by(WAITING.c.event_id)).all():
        values = {"shard": zlib.crc32(lane.encode()) % 16, "rank": places[lane]}
        connection.execute(sa.update(WAITING).where(WAITING.c.event_id == number).values(values))
        places[lane] += 1
