"""Devices that people share; PINs and badges, by which they log in there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables and add the columns."""
    op.create_table(
        "devices",
        sa.Column("device_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("enrolled_by", sa.Text, nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("last_contact_at", sa.DateTime(timezone=True)),
        sa.Column("last_user", sa.Text),
        sa.Column("app_version", sa.Text),
        sa.PrimaryKeyConstraint("device_id", name="pk_devices"),
        schema="gateway",
    )
    op.create_table(
        "device_queues",
        sa.Column("device_id", sa.Uuid, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("queued", sa.Integer, nullable=False),
        sa.Column("oldest_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["device_id"], ["gateway.devices.device_id"], name="fk_device_queues_device_id_devices"
        ),
        sa.PrimaryKeyConstraint("device_id", "username", name="pk_device_queues"),
        schema="gateway",
    )
    op.create_table(
        "pin_failures",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("device_id", sa.Uuid, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("username", "device_id", name="pk_pin_failures"),
        schema="gateway",
    )
    op.add_column("users", sa.Column("pin_hash", sa.Text), schema="gateway")
    op.add_column("users", sa.Column("badge_hash", sa.LargeBinary), schema="gateway")
    op.create_unique_constraint("uq_users_badge_hash", "users", ["badge_hash"], schema="gateway")
    op.add_column(
        "refresh_tokens",
        sa.Column("method", sa.Text, nullable=False, server_default="password"),
        schema="gateway",
    )
    op.add_column("refresh_tokens", sa.Column("device_id", sa.Uuid), schema="gateway")
    op.add_column("refresh_tokens", sa.Column("login_ends_at", sa.DateTime(timezone=True)), schema="gateway")
    op.create_check_constraint(
        op.f("ck_refresh_tokens_method"),
        "refresh_tokens",
        "method IN ('password', 'pin', 'badge')",
        schema="gateway",
    )
    op.create_foreign_key(
        "fk_refresh_tokens_device_id_devices",
        "refresh_tokens",
        "devices",
        ["device_id"],
        ["device_id"],
        source_schema="gateway",
        referent_schema="gateway",
    )
    op.create_index("ix_refresh_tokens_device_id", "refresh_tokens", ["device_id"], schema="gateway")


def downgrade() -> None:
    """Drop all of it; who logged in by PIN or badge has to log in by password."""
    op.execute("DELETE FROM gateway.refresh_tokens WHERE method <> 'password'")
    for column in ("login_ends_at", "device_id", "method"):
        op.drop_column("refresh_tokens", column, schema="gateway")
    for column in ("badge_hash", "pin_hash"):
        op.drop_column("users", column, schema="gateway")
    for table in ("pin_failures", "device_queues", "devices"):
        op.drop_table(table, schema="gateway")
