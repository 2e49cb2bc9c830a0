"""One operation under an id, whatever its kind, and the first answers of plans.

Revision 0007, after 0006. The ids that are there are carried over. Where one stood for operations of two
kinds, which the tables allowed, it stays with both: each is still found in its own table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OTHERS = ("shortages", "undos", "plan_changes")


def upgrade() -> None:
    # Whatever is being recorded is awaited, so that no id is left behind.
    tables = ", ".join(f"tasks.{name}" for name in ("scans", *_OTHERS))
    op.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
    op.create_table("operations", sa.Column("operation_id", sa.UUID(), nullable=False), schema="tasks")
    # The key after most of the rows: to sort them once takes a fraction of finding each one's place.
    op.execute("INSERT INTO tasks.operations SELECT operation_id FROM tasks.scans")
    op.create_primary_key(op.f("pk_operations"), "operations", ["operation_id"], schema="tasks")
    for name in _OTHERS:
        op.execute(
            f"INSERT INTO tasks.operations SELECT operation_id FROM tasks.{name} ON CONFLICT DO NOTHING"  # noqa: S608
        )
    answer = sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()))
    op.add_column("plan_changes", answer, schema="tasks")


def downgrade() -> None:
    op.drop_column("plan_changes", "answer", schema="tasks")
    op.drop_table("operations", schema="tasks")
