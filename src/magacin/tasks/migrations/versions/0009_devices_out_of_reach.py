"""What devices say that were out of reach, priorities of tasks, and notes of shortages.

Revision 0009, after 0008. Nothing of it is known of what was recorded before; all tasks of before have the
priority 0.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ADDED: dict[str, list[sa.Column[Any]]] = {
    "pick_tasks": [sa.Column("priority", sa.Integer(), server_default="0", nullable=False)],
    "scans": [
        sa.Column("refused_as", sa.Text()),
        sa.Column("picked_at", sa.DateTime(timezone=True)),
        sa.Column("handed_in_by", sa.Text()),
    ],
    "shortages": [
        sa.Column("note", sa.Text()),
        sa.Column("picked_at", sa.DateTime(timezone=True)),
        sa.Column("handed_in_by", sa.Text()),
    ],
    "undos": [
        sa.Column("picked_at", sa.DateTime(timezone=True)),
        sa.Column("handed_in_by", sa.Text()),
    ],
}


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column, schema="tasks")
    op.create_index(
        "ix_pick_tasks_pool",
        "pick_tasks",
        [sa.text("priority DESC"), "id"],
        schema="tasks",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_pick_tasks_completed",
        "pick_tasks",
        ["completed_at"],
        schema="tasks",
        postgresql_where=sa.text("status = 'completed'"),
    )


def downgrade() -> None:
    for name in ("ix_pick_tasks_pool", "ix_pick_tasks_completed"):
        op.drop_index(name, table_name="pick_tasks", schema="tasks")
    for table, columns in _ADDED.items():
        for column in columns:
            op.drop_column(table, column.name, schema="tasks")
