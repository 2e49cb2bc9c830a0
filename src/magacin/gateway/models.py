"""The tables of the schema `gateway`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from magacin.contracts.identity import Role
from magacin.contracts.live_drills import DrillSeverity
from magacin.core.db import metadata_for

SCHEMA = "gateway"
metadata = metadata_for(SCHEMA)

# `generation` grows with every change that must end the access tokens given out before it.
users = Table(
    "users",
    metadata,
    Column("username", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("generation", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Of a badge 130 random bits are hashed: they need no salt and no slowness.
    Column("pin_hash", Text),
    Column("badge_hash", LargeBinary, unique=True),
    CheckConstraint(f"role IN ({', '.join(repr(role.value) for role in Role)})", name="role"),
    Index("ix_users_changed_at", "changed_at"),
)

# A device that was ended stays, so that its name can be told from what it did.
devices = Table(
    "devices",
    metadata,
    Column("device_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("enrolled_by", Text, nullable=False),
    Column("enrolled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ended_at", DateTime(timezone=True)),
    Column("last_contact_at", DateTime(timezone=True)),
    Column("last_user", Text),
    Column("app_version", Text),
)

# What each device said at its last contact that it still holds.
device_queues = Table(
    "device_queues",
    metadata,
    Column("device_id", Uuid, ForeignKey(devices.c.device_id), primary_key=True),
    Column("username", Text, primary_key=True),
    Column("queued", Integer, nullable=False),
    Column("oldest_at", DateTime(timezone=True)),
)

# Wrong PINs in a row. Names that nobody has are counted as well: else a lock would tell who exists.
pin_failures = Table(
    "pin_failures",
    metadata,
    Column("username", Text, primary_key=True),
    Column("device_id", Uuid, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Only a hash is kept. A used token stays until it expires, so that a second use is recognised.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("family", Uuid, nullable=False, index=True),
    Column("username", Text, ForeignKey(users.c.username), nullable=False, index=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("used_at", DateTime(timezone=True)),
    Column("method", Text, nullable=False, server_default="password"),
    Column("device_id", Uuid, ForeignKey(devices.c.device_id), index=True),
    # When the whole login is over, however often it is refreshed.
    Column("login_ends_at", DateTime(timezone=True)),
    CheckConstraint("method IN ('password', 'pin', 'badge')", name="method"),
)

# Only a hash of the link's token is kept: whoever reads the table cannot answer in another's place.
live_drills = Table(
    "live_drills",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("alert", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("delivery", Text),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Text),
    CheckConstraint(f"severity IN ({', '.join(repr(s.value) for s in DrillSeverity)})", name="severity"),
)
