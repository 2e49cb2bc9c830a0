"""Profiles, and by which of them a file is read.

Revision 0005, after 0004. Jobs from before had none.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_profiles")),
        schema="imports",
    )
    op.add_column("jobs", sa.Column("profile", sa.Text(), nullable=True), schema="imports")


def downgrade() -> None:
    op.drop_column("jobs", "profile", schema="imports")
    op.drop_table("profiles", schema="imports")
