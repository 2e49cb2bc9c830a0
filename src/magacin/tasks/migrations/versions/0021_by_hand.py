"""A task knows whether somebody decided who works on it: rules leave it alone then.

Revision 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "pick_tasks",
        sa.Column("by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="tasks",
    )


def downgrade() -> None:
    op.drop_column("pick_tasks", "by_hand", schema="tasks")
