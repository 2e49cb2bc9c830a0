"""The tables of the Task Service. Its schema is `tasks`; nobody else reads or writes it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from magacin.core.db import metadata_for
from magacin.core.outbox import outbox_table

SCHEMA = "tasks"
metadata = metadata_for(SCHEMA)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _created() -> Column[object]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


articles = Table(
    "articles",
    metadata,
    _id(),
    Column("sku", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    _created(),
    # For what a scanner sends in other letters than the article has. See `barcodes`.
    Index("ix_articles_caseless", text("lower(sku)"), postgresql_where=text("lower(sku) <> upper(sku)")),
)

barcodes = Table(
    "barcodes",
    metadata,
    # A GTIN is kept in its 14-digit form, so that each of its shorter forms finds it.
    Column("code", Text, primary_key=True),
    Column("article_id", ForeignKey(articles.c.id), nullable=False, index=True),
    # What one scan of it counts: more than one where it is the barcode of a pack.
    Column("pieces", Integer, nullable=False, server_default="1"),
    Column("level", Text, nullable=False, server_default="each"),
    _created(),
    CheckConstraint("pieces >= 1", name="whole_pieces"),
    CheckConstraint("level IN ('each', 'inner', 'case', 'pallet')", name="known_level"),
    # A code of digits alone is the same in any case: the exact one is all there is to look for.
    Index("ix_barcodes_caseless", text("lower(code)"), postgresql_where=text("lower(code) <> upper(code)")),
)

requisitions = Table(
    "requisitions",
    metadata,
    _id(),
    Column("number", Text, nullable=False, unique=True),
    Column("destination", Text, nullable=False),
    Column("due_at", DateTime(timezone=True)),
    # Tells a batch that is sent again by the same job from a requisition that another file had before.
    Column("import_job_id", BigInteger),
    # Rows of its file that could not be taken: so many lines may still follow.
    Column("missing_rows", Integer, nullable=False, server_default="0"),
    _created(),
)

requisition_lines = Table(
    "requisition_lines",
    metadata,
    _id(),
    # Not foreign keys: they are checked by a trigger for a statement's lines together (migration 0004).
    # Neither articles nor requisitions are ever deleted.
    Column("requisition_id", BigInteger, nullable=False),
    Column("article_id", BigInteger, nullable=False),
    # What of it is picked and short, its task lines know.
    Column("required", Integer, nullable=False),
    # As they were sent, whatever the article is called: what comes later is compared with them. Lines from
    # before this was kept have no description, where others have at least an empty one.
    Column("description", Text),
    Column("barcode", Text),
    UniqueConstraint("requisition_id", "article_id"),
    CheckConstraint("required > 0", name="required_positive"),
)

# Which job gave a requisition another content, and what it changed: the same job again gets that answer.
replacements = Table(
    "replacements",
    metadata,
    Column("requisition_id", ForeignKey(requisitions.c.id), primary_key=True),
    Column("job_id", BigInteger, primary_key=True),
    Column("differences", JSONB, nullable=False),
    _created(),
)

pick_tasks = Table(
    "pick_tasks",
    metadata,
    _id(),
    Column("status", Text, nullable=False, server_default="open"),
    # Lines with something left to pick. Whoever changes a line holds the task's lock and keeps this in step,
    # so that the scan that finishes a task knows it without reading all of its lines.
    Column("lines_open", Integer, nullable=False),
    # Rises whenever its lines become others.
    Column("version", Integer, nullable=False, server_default="1"),
    Column("due_at", DateTime(timezone=True)),
    _created(),
    Column("started_at", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True)),
    CheckConstraint(
        "status IN ('open', 'assigned', 'in_progress', 'completed', 'cancelled')", name="known_status"
    ),
    CheckConstraint("lines_open >= 0", name="lines_open_positive"),
    Index(None, "status", "id"),
)

# Which requisitions a task serves: one, unless somebody planned it otherwise.
task_requisitions = Table(
    "task_requisitions",
    metadata,
    Column("task_id", ForeignKey(pick_tasks.c.id), primary_key=True),
    Column("requisition_id", ForeignKey(requisitions.c.id), primary_key=True),
    Index(None, "requisition_id"),
)

locations = Table(
    "locations",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    Column("zone", Text, nullable=False),
    Column("aisle", Text, nullable=False),
    # The order in which a round through the warehouse passes them.
    Column("sequence", Integer, nullable=False),
    _created(),
)

article_locations = Table(
    "article_locations",
    metadata,
    Column("article_id", ForeignKey(articles.c.id), primary_key=True),
    Column("location_id", ForeignKey(locations.c.id), primary_key=True, index=True),
)

task_lines = Table(
    "task_lines",
    metadata,
    # Of the same numbers as requisition lines. The first task line of a requisition line has its very id, so
    # that whoever knew a line by that before there were task lines still names the right one.
    Column(
        "id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        server_default=text("nextval('tasks.requisition_lines_id_seq'::regclass)"),
    ),
    # Not foreign keys: triggers check a statement's lines together (migration 0006). They also see to it that
    # what the task lines of a requisition line require is together what that requires.
    Column("task_id", BigInteger, nullable=False),
    Column("requisition_line_id", BigInteger, nullable=False, index=True),
    Column("article_id", BigInteger, nullable=False),
    Column("location_id", ForeignKey(locations.c.id)),
    Column("tote", Text),
    Column("required", Integer, nullable=False),
    Column("picked", Integer, nullable=False, server_default="0"),
    Column("short", Integer, nullable=False, server_default="0"),
    # The last line of defence: whatever the code does, nobody picks more than is required.
    CheckConstraint("picked >= 0 AND short >= 0 AND picked + short <= required", name="within_required"),
    CheckConstraint("required > 0", name="required_positive"),
    Index(None, "task_id", "article_id"),
    Index(None, "location_id", postgresql_where=text("location_id IS NOT NULL")),
)

pick_task_workers = Table(
    "pick_task_workers",
    metadata,
    Column("task_id", ForeignKey(pick_tasks.c.id), primary_key=True),
    Column("worker", Text, primary_key=True),
    Index(None, "worker"),
)

# The lines of a task's earlier versions: a scan that was made on one is compared with it.
earlier_lines = Table(
    "earlier_lines",
    metadata,
    Column("task_id", ForeignKey(pick_tasks.c.id), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("article_id", ForeignKey(articles.c.id), primary_key=True),
    Column("line_id", BigInteger, primary_key=True),
    Column("required", Integer, nullable=False),
)

scans = Table(
    "scans",
    metadata,
    # The client's id of the operation: the same one again finds this row and gets its answer.
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("task_id", ForeignKey(pick_tasks.c.id), nullable=False),
    # Not a foreign key: a refused scan keeps the number of a line that was taken away later.
    # Not a foreign key: a refused scan keeps the number of a line that was taken away later.
    Column("line_id", BigInteger),
    # The one that was named in the scan, if one was.
    Column("named_line_id", BigInteger),
    Column("article_id", ForeignKey(articles.c.id)),
    Column("worker", Text, nullable=False),
    Column("code", Text, nullable=False),
    # What was sent, to tell a repetition from another scan under a used id; and what it came to with the
    # count that a GS1 label carries.
    Column("sent_quantity", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    # The rest of the answer, as it was given. Without `short`, `picked` has the shortages in it.
    Column("picked", Integer),
    Column("short", Integer),
    Column("required", Integer),
    Column("task_status", Text, nullable=False),
    Column("remaining_lines", Integer, nullable=False),
    # The version of the task that it was made on, if it was said, and the one that it met; what the former
    # required of the article, where it is an earlier one.
    Column("version", Integer),
    Column("task_version", Integer, nullable=False, server_default="1"),
    Column("version_required", Integer),
    # The pieces that whoever scanned was shown, if it was said.
    Column("sent_pieces", Integer),
    # What the label said besides: kilograms, and the price in the currency of whoever printed it.
    Column("lot", Text),
    Column("expiry", Date),
    Column("best_before", Date),
    Column("serial", Text),
    Column("weight", Numeric),
    Column("price", Numeric),
    Column("scanned_at", DateTime(timezone=True), nullable=False),
    Index(None, "task_id", "scanned_at"),
    Index(None, "scanned_at"),
)

shortages = Table(
    "shortages",
    metadata,
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("task_id", ForeignKey(pick_tasks.c.id), nullable=False, index=True),
    # As it was sent: no foreign key, since the line may be another's, or be taken away later.
    Column("line_id", BigInteger, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("outcome", Text, nullable=False, server_default="reported"),
    # The rest of the answer, as it was given; not known of those from before it was kept.
    Column("picked", Integer),
    Column("short", Integer),
    Column("required", Integer),
    Column("task_status", Text),
    Column("remaining_lines", Integer),
    _created(),
    CheckConstraint("reason IN ('short_pick', 'not_found', 'damaged')", name="known_reason"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
)

# What was taken back, and what should have been. The scan or shortage itself stays as it was recorded.
undos = Table(
    "undos",
    metadata,
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("undoes", UUID(as_uuid=True), nullable=False),
    Column("worker", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # Of what it takes back; None where there is no such operation.
    Column("undone_kind", Text),
    Column("task_id", ForeignKey(pick_tasks.c.id), index=True),
    Column("line_id", BigInteger),
    Column("article_id", ForeignKey(articles.c.id)),
    Column("quantity", Integer),
    Column("undone_worker", Text),
    Column("undone_done_at", DateTime(timezone=True)),
    # The rest of the answer, as it was given.
    Column("picked", Integer),
    Column("short", Integer),
    Column("required", Integer),
    Column("task_status", Text),
    Column("remaining_lines", Integer),
    Column("undone_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("undone_kind IN ('scan', 'shortage')", name="known_kind"),
    # Nothing is taken back twice, whatever the code does.
    Index("uq_undos_undoes", "undoes", unique=True, postgresql_where=text("outcome = 'undone'")),
    Index(None, "undone_at"),
)

# Pieces that supervisors moved between task lines: the same operation again finds what it did.
plan_changes = Table(
    "plan_changes",
    metadata,
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("task_id", ForeignKey(pick_tasks.c.id), nullable=False, index=True),
    Column("target_task_id", ForeignKey(pick_tasks.c.id), nullable=False),
    Column("sent", JSONB, nullable=False),
    Column("supervisor", Text, nullable=False),
    _created(),
)

outbox = outbox_table(metadata)
