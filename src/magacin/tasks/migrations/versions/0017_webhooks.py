"""Webhooks, what is to be delivered to them, and what came of requisitions that were closed.

Revision 0017, after 0016. What was completed before is not told.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)

# In the transaction of the event: both are there or neither is. The requisitions are what other systems know
# a task by.
_NOTE_EVENT = """
CREATE FUNCTION tasks.note_webhook_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks.webhook_deliveries (webhook_id, event_id, type, occurred_at, data)
    SELECT w.id, event_id, NEW.type, NEW.occurred_at, NEW.data || jsonb_build_object('requisitions', numbers)
      FROM (SELECT gen_random_uuid() AS event_id) one
     CROSS JOIN (SELECT coalesce(jsonb_agg(r.number ORDER BY r.number), '[]') AS numbers
                   FROM tasks.task_requisitions t JOIN tasks.requisitions r ON r.id = t.requisition_id
                  WHERE t.task_id = (NEW.data->>'task_id')::bigint) of_task
     CROSS JOIN tasks.webhooks w
     WHERE w.enabled AND NEW.type = ANY (w.events);
    RETURN NULL;
END $$
"""
_NOTE_EVENT_TRIGGER = """
CREATE TRIGGER note_webhook_event AFTER INSERT ON tasks.outbox
FOR EACH ROW WHEN (NEW.type IN ('task.completed', 'shortage.reported'))
EXECUTE FUNCTION tasks.note_webhook_event()
"""

_NOTE_TURN = """
CREATE FUNCTION tasks.note_requisition_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks.requisition_turns (task_id) VALUES (NEW.id);
    RETURN NULL;
END $$
"""
_NOTE_TURN_TRIGGER = """
CREATE TRIGGER note_requisition_turn AFTER UPDATE ON tasks.pick_tasks
FOR EACH ROW WHEN (NEW.status IN ('completed', 'cancelled') AND OLD.status <> NEW.status)
EXECUTE FUNCTION tasks.note_requisition_turn()
"""


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    _create_webhooks()
    _create_results()
    for statement in (_NOTE_EVENT, _NOTE_EVENT_TRIGGER, _NOTE_TURN, _NOTE_TURN_TRIGGER):
        op.execute(statement)


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("gone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("key_mark", sa.LargeBinary(), nullable=False),
        sa.Column("former_seed", sa.LargeBinary()),
        sa.Column("former_until", _TIME),
        sa.Column("delivered_at", _TIME),
        sa.Column("created_by", sa.Text(), nullable=False),
        _created(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        schema="tasks",
    )
    op.create_table(
        "webhook_deliveries",
        _id(),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", _TIME, nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", _TIME, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("claimed_until", _TIME),
        sa.Column("last_attempt_at", _TIME),
        sa.Column("answer_status", sa.Integer()),
        sa.Column("trouble", sa.Text()),
        sa.Column("finished_at", _TIME),
        _created(),
        sa.CheckConstraint(
            "status IN ('waiting', 'delivered', 'given_up')",
            name=op.f("ck_webhook_deliveries_known_status"),
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["tasks.webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_deliveries_webhook_id_event_id")),
        schema="tasks",
    )
    for name, columns, where in (
        ("webhook_id_id", ["webhook_id", "id"], None),
        ("waiting", ["webhook_id", "due_at", "id"], "status = 'waiting'"),
        ("finished", ["finished_at"], "status <> 'waiting'"),
    ):
        op.create_index(
            op.f(f"ix_webhook_deliveries_{name}"),
            "webhook_deliveries",
            columns,
            schema="tasks",
            postgresql_where=sa.text(where) if where else None,
        )


def _create_results() -> None:
    op.create_table(
        "requisition_turns",
        _id(),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requisition_turns")),
        schema="tasks",
    )
    op.create_table(
        "requisition_results",
        _id(),
        sa.Column("requisition_id", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.Integer(), nullable=False),
        sa.Column("closed_at", _TIME, nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("to_file", sa.Boolean(), nullable=False),
        sa.Column("filed_at", _TIME),
        sa.ForeignKeyConstraint(
            ["requisition_id"],
            ["tasks.requisitions.id"],
            name=op.f("fk_requisition_results_requisition_id_requisitions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requisition_results")),
        sa.UniqueConstraint(
            "requisition_id", "closing", name=op.f("uq_requisition_results_requisition_id_closing")
        ),
        schema="tasks",
    )
    op.create_index(
        op.f("ix_requisition_results_unfiled"),
        "requisition_results",
        ["id"],
        schema="tasks",
        postgresql_where=sa.text("to_file AND filed_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER note_requisition_turn ON tasks.pick_tasks")
    op.execute("DROP TRIGGER note_webhook_event ON tasks.outbox")
    op.execute("DROP FUNCTION tasks.note_requisition_turn, tasks.note_webhook_event")
    for table in ("requisition_results", "requisition_turns", "webhook_deliveries", "webhooks"):
        op.drop_table(table, schema="tasks")
