"""How a file is to be read, beside the mapping of its columns.

Revision 0002, after 0001. Jobs from before have everything recognised but their mapping.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = postgresql.JSONB(astext_type=sa.Text())
    column = sa.Column("reading", kind, server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("jobs", column, schema="imports")


def downgrade() -> None:
    op.drop_column("jobs", "reading", schema="imports")
