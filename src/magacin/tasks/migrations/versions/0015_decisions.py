"""What people decide about a task is counted, with who decided last; a task can be held.

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _pool(where: str) -> None:
    op.drop_index("ix_pick_tasks_pool", table_name="pick_tasks", schema="tasks")
    op.create_index(
        "ix_pick_tasks_pool",
        "pick_tasks",
        [sa.text("priority DESC"), "id"],
        schema="tasks",
        postgresql_where=sa.text(where),
    )


def upgrade() -> None:
    for column in (
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_by", sa.Text()),
    ):
        op.add_column("pick_tasks", column, schema="tasks")
    _pool("status = 'open' AND NOT held")
    op.create_index(
        "ix_pick_tasks_held", "pick_tasks", ["status"], schema="tasks", postgresql_where=sa.text("held")
    )


def downgrade() -> None:
    op.drop_index("ix_pick_tasks_held", table_name="pick_tasks", schema="tasks")
    _pool("status = 'open'")
    for column in ("changed_by", "revision", "held"):
        op.drop_column("pick_tasks", column, schema="tasks")
