"""What devices say of operations that are in no task's ledger.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refusals", sa.Column("picked_at", sa.DateTime(timezone=True)), schema="tasks")
    op.add_column("refusals", sa.Column("handed_in_by", sa.Text()), schema="tasks")


def downgrade() -> None:
    op.drop_column("refusals", "handed_in_by", schema="tasks")
    op.drop_column("refusals", "picked_at", schema="tasks")
