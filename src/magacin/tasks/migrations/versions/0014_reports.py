"""What reports are made of: sums by day, and the order in which they follow operations and tasks.

Revision 0014, after 0013. Operations get a place. All that are there, and all tasks that are completed, are
followed from the beginning once the service runs.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_MEASURES = ("scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces")
_TASKS = ("tasks", "tasks_due", "tasks_on_time")

_NOTE_TURN = """
CREATE FUNCTION tasks.note_task_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks.task_turns (task_id) VALUES (NEW.id);
    RETURN NULL;
END $$
"""
_NOTE_TURN_TRIGGER = """
CREATE TRIGGER note_task_turn AFTER UPDATE ON tasks.pick_tasks
FOR EACH ROW WHEN (OLD.status = 'completed' OR NEW.status = 'completed')
EXECUTE FUNCTION tasks.note_task_turn()
"""

_KEEP_GONE = """
CREATE FUNCTION tasks.keep_gone_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks.gone_lines (id, article_id, location)
    SELECT id, article_id, (SELECT code FROM tasks.locations WHERE id = gone.location_id) FROM gone
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
_KEEP_GONE_TRIGGER = """
CREATE TRIGGER keep_gone_lines AFTER DELETE ON tasks.task_lines
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tasks.keep_gone_lines()
"""


def _counts(names: tuple[str, ...]) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    place: sa.Column[Any] = sa.Column("place", sa.BigInteger(), sa.Identity(always=True), nullable=False)
    op.add_column("operations", place, schema="tasks")
    op.create_index(op.f("uq_operations_place"), "operations", ["place"], unique=True, schema="tasks")
    op.create_table(
        "task_turns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_turns")),
        schema="tasks",
    )
    op.create_table(
        "gone_lines",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gone_lines")),
        schema="tasks",
    )
    _create_sums()
    for statement in (_NOTE_TURN, _NOTE_TURN_TRIGGER, _KEEP_GONE, _KEEP_GONE_TRIGGER):
        op.execute(statement)


def _create_sums() -> None:
    op.create_table(
        "report_state",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_report_state_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_report_state")),
        schema="tasks",
    )
    op.create_table(
        "report_tasks",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date()),
        sa.Column("worker", sa.Text()),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_report_tasks")),
        schema="tasks",
    )
    op.create_table(
        "report_workers",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        *_counts((*_MEASURES, *_TASKS)),
        sa.Column("active", postgresql.BIT(300), nullable=False),
        sa.PrimaryKeyConstraint("day", "worker", name=op.f("pk_report_workers")),
        schema="tasks",
    )
    for table, subject in (("report_articles", "sku"), ("report_locations", "location")):
        op.create_table(
            table,
            sa.Column("grain", sa.Text(), nullable=False),
            sa.Column("starts", sa.Date(), nullable=False),
            sa.Column(subject, sa.Text(), nullable=False),
            *_counts(_MEASURES),
            sa.CheckConstraint("grain IN ('day', 'month')", name=op.f(f"ck_{table}_known_grain")),
            sa.PrimaryKeyConstraint("grain", "starts", subject, name=op.f(f"pk_{table}")),
            schema="tasks",
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_gone_lines ON tasks.task_lines")
    op.execute("DROP TRIGGER note_task_turn ON tasks.pick_tasks")
    op.execute("DROP FUNCTION tasks.keep_gone_lines, tasks.note_task_turn")
    for table in (
        "report_locations", "report_articles", "report_workers", "report_tasks", "report_state",
        "gone_lines", "task_turns",
    ):  # fmt: skip
        op.drop_table(table, schema="tasks")
    op.drop_index(op.f("uq_operations_place"), table_name="operations", schema="tasks")
    op.drop_column("operations", "place", schema="tasks")
