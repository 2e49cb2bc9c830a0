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
from sqlalchemy.dialects.postgresql import ARRAY

from magacin.contracts.identity import PEOPLE
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
    CheckConstraint(f"role IN ({', '.join(repr(role.value) for role in PEOPLE)})", name="role"),
    Index("ix_users_changed_at", "changed_at"),
)

# Who is erased. The name is here only until it was replaced everywhere: in `part`, from `place` on, is to be
# gone on, and not before `due_at`; `found` is in how many rows of this round it was, and `waiting_for` what
# did not answer at the last try.
erasures = Table(
    "erasures",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("username", Text, unique=True),
    Column("pseudonym", Text, nullable=False, unique=True),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("part", Integer, nullable=False, server_default=text("0")),
    Column("place", Text),
    Column("found", BigInteger, nullable=False, server_default=text("0")),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("waiting_for", Text),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint("(username IS NULL) = (finished_at IS NOT NULL)", name="name_until_the_end"),
    Index("ix_erasures_due", "due_at", postgresql_where=text("username IS NOT NULL")),
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

# What new screens show, until somebody enters it. Only a hash is kept of what the screen proves itself by.
screen_codes = Table(
    "screen_codes",
    metadata,
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)

# A screen that was ended stays, so that people see that it is the one that they meant.
screens = Table(
    "screens",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("dim_from", Integer),
    Column("dim_until", Integer),
    Column("paired_by", Text, nullable=False),
    Column("paired_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ended_at", DateTime(timezone=True)),
    Column("last_contact_at", DateTime(timezone=True)),
    Column("app_version", Text),
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

# Only a hash of a key is kept. One that was revoked stays, so that its name can be told from what it did.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
)
