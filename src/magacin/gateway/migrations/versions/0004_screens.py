"""Screens on walls, and the codes that bring them in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "screen_codes",
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_screen_codes"),
        sa.UniqueConstraint("code", name="uq_screen_codes_code"),
        schema="gateway",
    )
    op.create_index("ix_screen_codes_expires_at", "screen_codes", ["expires_at"], schema="gateway")
    op.create_table(
        "screens",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("dim_from", sa.Integer),
        sa.Column("dim_until", sa.Integer),
        sa.Column("paired_by", sa.Text, nullable=False),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("last_contact_at", sa.DateTime(timezone=True)),
        sa.Column("app_version", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_screens"),
        sa.UniqueConstraint("secret_hash", name="uq_screens_secret_hash"),
        schema="gateway",
    )


def downgrade() -> None:
    """Drop the tables; every screen has to be brought in anew."""
    op.drop_table("screens", schema="gateway")
    op.drop_table("screen_codes", schema="gateway")
