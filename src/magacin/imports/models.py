"""The tables of the Import Service. Its schema is `imports`; nobody else reads or writes it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from magacin.core.db import metadata_for
from magacin.core.outbox import outbox_table

SCHEMA = "imports"
metadata = metadata_for(SCHEMA)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # The file's place in the spool. Unique: whoever finds the file, it becomes one job.
    Column("spool_name", Text, nullable=False, unique=True),
    Column("filename", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("submitted_by", Text, nullable=False),
    Column("partial", Boolean, nullable=False),
    Column("release", Boolean, nullable=False),
    Column("replace", Boolean, nullable=False, server_default=text("false")),
    Column("mapping", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # How else the file is to be read, also by what its profile said then: what is not in it is recognised.
    Column("reading", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("profile", Text),
    Column("status", Text, nullable=False, server_default="queued"),
    _count("rows_read"),
    _count("rows_accepted"),
    _count("rows_duplicate"),
    _count("rows_rejected"),
    _count("rows_held_back"),
    _count("rows_merged"),
    _count("requisitions_total"),
    _count("requisitions_created"),
    _count("requisitions_replaced"),
    _count("requisitions_duplicate"),
    _count("requisitions_differing"),
    _count("requisitions_held_back"),
    Column("notes", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    _count("notes_left_out"),
    Column("error", Text),
    # The dependency without which it cannot go on at the moment.
    Column("waiting_for", Text),
    # Requisitions up to this one have been sent and noted.
    _count("sent_position"),
    Column("lease_owner", UUID(as_uuid=True)),
    Column("lease_until", DateTime(timezone=True)),
    Column("retry_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Whether the file still waits to be removed from the spool, or put into processed/ or failed/.
    Column("file_kept", Boolean, nullable=False, server_default=text("true")),
    # Whether the Task Service was told that it is finished, for webhooks.
    Column("told", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('queued', 'reading', 'sending', 'succeeded', 'failed')", name="status_known"),
    CheckConstraint(
        "status <> 'succeeded'"
        " OR rows_read = rows_accepted + rows_duplicate + rows_rejected + rows_held_back",
        name="counts_add_up",
    ),
    Index("ix_jobs_unfinished", "id", postgresql_where=text("status IN ('queued', 'reading', 'sending')")),
    Index("ix_jobs_file_kept", "id", postgresql_where=text("file_kept")),
    Index("ix_jobs_untold", "id", postgresql_where=text("NOT told")),
    Index("ix_jobs_last_success", "finished_at", postgresql_where=text("status = 'succeeded'")),
)

# The tables below are filled by the million in one transaction that also moves the job on, so that their
# rows cannot be orphans; a foreign key would check each of them again.

rejects = Table(
    "rejects",
    metadata,
    Column("job_id", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("row", Integer, nullable=False),
    Column("column", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("requisition", Text, nullable=False),
)

staged_requisitions = Table(
    "staged_requisitions",
    metadata,
    Column("job_id", BigInteger, primary_key=True),
    # The first row of the file that names it.
    Column("position", BigInteger, primary_key=True),
    Column("number", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    # Rows of it that were refused, where its good ones are imported without them.
    Column("missing_rows", Integer, nullable=False, server_default="0"),
    Column("line_count", Integer, nullable=False),
    # JSON, as it is sent: nothing here looks into it.
    Column("lines", Text, nullable=False),
)

held_orders = Table(
    "held_orders",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", BigInteger, nullable=False),
    # Where it begins in the file.
    Column("position", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("missing_rows", Integer, nullable=False, server_default="0"),
    # JSON, as it is sent; none once it was decided on.
    Column("lines", Text),
    # What is there, by how it differs; and whether anything is.
    Column("is_there", Boolean, nullable=False, server_default=text("false")),
    Column("differences", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("hindrance", Text),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("revision", Integer, nullable=False, server_default="1"),
    # Whether it was sent to be released, and what came of that is not known yet.
    Column("releasing", Boolean, nullable=False, server_default=text("false")),
    Column("outcome", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    CheckConstraint("reason IN ('incomplete', 'differs')", name="reason_known"),
    CheckConstraint("state IN ('waiting', 'released', 'discarded', 'superseded')", name="state_known"),
    Index("ix_held_orders_of_job", "job_id", "state", "id"),
    Index("ix_held_orders_by_state", "state", "id"),
    Index("ix_held_orders_waiting", "number", postgresql_where=text("state = 'waiting'")),
)

profiles = Table(
    "profiles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

outbox = outbox_table(metadata)

__all__ = [
    "SCHEMA",
    "held_orders",
    "jobs",
    "metadata",
    "outbox",
    "profiles",
    "rejects",
    "staged_requisitions",
]
