"""Users and refresh tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "users",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("generation", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint(
            "role IN ('worker', 'supervisor', 'manager', 'admin')", name=op.f("ck_users_role")
        ),
        sa.PrimaryKeyConstraint("username", name="pk_users"),
        schema="gateway",
    )
    op.create_index("ix_users_changed_at", "users", ["changed_at"], schema="gateway")
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("family", sa.Uuid, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["username"], ["gateway.users.username"], name="fk_refresh_tokens_username_users"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        schema="gateway",
    )
    for column in ("family", "username", "expires_at"):
        op.create_index(f"ix_refresh_tokens_{column}", "refresh_tokens", [column], schema="gateway")


def downgrade() -> None:
    """Drop the tables, and with them all users."""
    op.drop_table("refresh_tokens", schema="gateway")
    op.drop_table("users", schema="gateway")
