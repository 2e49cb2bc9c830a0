"""Up to when scans were removed, for sites that do not keep them for ever.

Revision 0023, after 0022. Without a row, all are kept.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_retention",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("removed_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_scan_retention_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_scan_retention")),
        schema="tasks",
    )


def downgrade() -> None:
    # Whoever follows the ledger would wait for this table with locks on those that are dropped after it.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('tasks.reports', 0))")
    # What follows the ledger after this would count what was removed as never done.
    op.execute(
        """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM tasks.scan_retention) THEN
                RAISE EXCEPTION 'scans were removed: an older version would make reports anew without them';
            END IF;
        END $$
        """
    )
    op.drop_table("scan_retention", schema="tasks")
