"""Jobs that are finished and not handed over yet to those who tell other systems.

Revision 0006, after 0005. What was finished before is not told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told: sa.Column[bool] = sa.Column("told", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    op.add_column("jobs", told, schema="imports")
    op.create_index(
        op.f("ix_jobs_untold"), "jobs", ["id"], schema="imports", postgresql_where=sa.text("NOT told")
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_jobs_untold"), table_name="jobs", schema="imports")
    op.drop_column("jobs", "told", schema="imports")
