"""A scan says which tote and which place were scanned with it; a task says to which door it goes.

Revision 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_OF_SCANS = ("tote", "location", "asked")


def upgrade() -> None:
    for name in _OF_SCANS:
        op.add_column("scans", sa.Column(name, sa.Text()), schema="tasks")
    op.add_column("pick_tasks", sa.Column("door", sa.Text()), schema="tasks")


def downgrade() -> None:
    op.drop_column("pick_tasks", "door", schema="tasks")
    for name in reversed(_OF_SCANS):
        op.drop_column("scans", name, schema="tasks")
