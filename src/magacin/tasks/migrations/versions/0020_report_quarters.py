"""Sums by quarters of an hour, for reports by shift.

Revision 0020, after 0019. All that was ever recorded is followed from the beginning, for the new sums.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_SUMS = (
    "scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces",
    "tasks", "tasks_due", "tasks_on_time",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "report_quarters",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("quarter", sa.SmallInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _SUMS),
        sa.Column("active", postgresql.BIT(3), nullable=False),
        sa.PrimaryKeyConstraint("day", "worker", "quarter", name=op.f("pk_report_quarters")),
        schema="tasks",
    )
    op.add_column("report_tasks", sa.Column("quarter", sa.SmallInteger()), schema="tasks")
    op.execute("DELETE FROM tasks.report_state")


def downgrade() -> None:
    op.drop_column("report_tasks", "quarter", schema="tasks")
    op.drop_table("report_quarters", schema="tasks")
