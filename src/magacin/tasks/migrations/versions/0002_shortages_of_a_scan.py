"""How many pieces of a line were short when a scan of it was answered.

Revision 0002, after 0001. Scans of before have them in `picked`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scans", sa.Column("short", sa.Integer(), nullable=True), schema="tasks")


def downgrade() -> None:
    op.drop_column("scans", "short", schema="tasks")
