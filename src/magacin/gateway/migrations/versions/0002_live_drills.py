"""Live drills, and who answered them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "live_drills",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("alert", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery", sa.Text),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_by", sa.Text),
        sa.CheckConstraint("severity IN ('critical', 'warning')", name=op.f("ck_live_drills_severity")),
        sa.PrimaryKeyConstraint("id", name="pk_live_drills"),
        sa.UniqueConstraint("token_hash", name="uq_live_drills_token_hash"),
        schema="gateway",
    )


def downgrade() -> None:
    """Drop the table, and with it the history of drills."""
    op.drop_table("live_drills", schema="gateway")
