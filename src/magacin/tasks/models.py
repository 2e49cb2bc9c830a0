"""The tables of the Task Service. Its schema is `tasks`; nobody else reads or writes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB, UUID

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES
from magacin.core.db import metadata_for
from magacin.core.outbox import outbox_table
from magacin.tasks.picking.exceptions import LONG_DIGITS, TELLING

SCHEMA = "tasks"
metadata = metadata_for(SCHEMA)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _created() -> Column[object]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def _for_exceptions(table: str, code: str) -> tuple[Index, Index]:
    """Return indexes for codes that may be read as something else, see picking/exceptions.py."""
    telling = TELLING.replace(":", "\\:")
    return (
        Index(f"ix_{table}_telling", code, postgresql_where=text(f"{code} ~* '{telling}'")),
        Index(
            f"ix_{table}_long_digits",
            code,
            postgresql_ops={code: "text_pattern_ops"},
            postgresql_where=text(f"{code} ~ '{LONG_DIGITS}'"),
        ),
    )


articles = Table(
    "articles",
    metadata,
    _id(),
    Column("sku", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    _created(),
    # For what a scanner sends in other letters than the article has. See `barcodes`.
    Index("ix_articles_caseless", text("lower(sku)"), postgresql_where=text("lower(sku) <> upper(sku)")),
    *_for_exceptions("articles", "sku"),
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
    *_for_exceptions("barcodes", "code"),
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
    # Whether a task serves it, which a trigger notes (migration 0024).
    Column("released", Boolean, nullable=False, server_default=text("false")),
    _created(),
    Index("ix_requisitions_unreleased", "id", postgresql_where=text("NOT released")),
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
    # The highest first.
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True)),
    # Nobody is to begin with it for now. It says nothing of a task that is closed.
    Column("held", Boolean, nullable=False, server_default=text("false")),
    # Where what was picked is brought to.
    Column("door", Text),
    # Somebody decided who works on it: rules leave it alone.
    Column("by_hand", Boolean, nullable=False, server_default=text("false")),
    # Rises whenever somebody decides something about it, and who did so last: None where a file did.
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("changed_by", Text),
    _created(),
    Column("started_at", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True)),
    CheckConstraint(
        "status IN ('open', 'assigned', 'in_progress', 'completed', 'cancelled')", name="known_status"
    ),
    CheckConstraint("lines_open >= 0", name="lines_open_positive"),
    Index(None, "status", "id"),
    Index(
        "ix_pick_tasks_pool",
        text("priority DESC"),
        "id",
        postgresql_where=text("status = 'open' AND NOT held"),
    ),
    Index("ix_pick_tasks_held", "status", postgresql_where=text("held")),
    Index("ix_pick_tasks_completed", "completed_at", postgresql_where=text("status = 'completed'")),
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

# The id of every operation, of whatever kind. Each kind has a table with a key of its own, and two kinds that
# come under one id at once, of different tasks, hold no lock in common. Whoever records an operation puts its
# id here in the same transaction, so the second one breaks on this key, whatever it had looked up before.
# Advisory locks on ids would hold only while all code takes them, and batches would share a table of locks of
# fixed size. There is nothing but the id: what it stands for is found in the table of its kind.
# `place` is the order in which reports follow them: it is drawn before the commit, see reports/follower.py.
operations = Table(
    "operations",
    metadata,
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("place", BigInteger, Identity(always=True), nullable=False),
    Index("uq_operations_place", "place", unique=True),
)

scans = Table(
    "scans",
    metadata,
    # The client's id of the operation: the same one again finds this row and gets its answer.
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("task_id", ForeignKey(pick_tasks.c.id), nullable=False),
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
    # The tote and the place that were scanned with it; what should have been, where it is refused for that.
    Column("tote", Text),
    Column("location", Text),
    Column("asked", Text),
    # As what the device had refused it: then it counts nothing, whatever is found here.
    Column("refused_as", Text),
    # When it was made, by the device's clock put right; None where nothing was said that can be.
    Column("picked_at", DateTime(timezone=True)),
    # The supervisor who sent it for the worker, whose device it was on.
    Column("handed_in_by", Text),
    Column("scanned_at", DateTime(timezone=True), nullable=False),
    Index(None, "task_id", "scanned_at"),
    Index(None, "scanned_at"),
    Index(
        "ix_scans_refused",
        "scanned_at",
        postgresql_where=text("outcome NOT IN ('picked', 'line_complete', 'task_complete')"),
    ),
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
    Column("note", Text),
    Column("worker", Text, nullable=False),
    Column("outcome", Text, nullable=False, server_default="reported"),
    # The rest of the answer, as it was given; not known of those from before it was kept.
    Column("picked", Integer),
    Column("short", Integer),
    Column("required", Integer),
    Column("task_status", Text),
    Column("remaining_lines", Integer),
    # When it was done, where the device said so; see `scans`.
    Column("picked_at", DateTime(timezone=True)),
    Column("handed_in_by", Text),
    _created(),
    CheckConstraint("reason IN ('short_pick', 'not_found', 'damaged')", name="known_reason"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    # Where its line has one. No foreign key: articles are never deleted.
    Column("article_id", BigInteger),
    Index("ix_shortages_refused", "created_at", postgresql_where=text("outcome <> 'reported'")),
    *(
        Index(
            f"ix_shortages_by_{name}",
            *columns,
            text("(coalesce(picked_at, created_at))"),
            "operation_id",
            postgresql_where=text("outcome = 'reported'"),
        )
        for name, columns in (("made", ()), ("worker", ("worker",)), ("article", ("article_id",)))
    ),
)

# The task with which a shortage that was reported alone was answered, as JSON: sent again, it gets the same.
# Apart from the shortage, since those of a device are answered without, and a task may have 10,000 lines.
shortage_answers = Table(
    "shortage_answers",
    metadata,
    Column("operation_id", ForeignKey(shortages.c.operation_id), primary_key=True),
    Column("task", Text, nullable=False),
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
    # When it was done, where the device said so; see `scans`.
    Column("picked_at", DateTime(timezone=True)),
    Column("handed_in_by", Text),
    Column("undone_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("undone_kind IN ('scan', 'shortage')", name="known_kind"),
    # Nothing is taken back twice, whatever the code does.
    Index("uq_undos_undoes", "undoes", unique=True, postgresql_where=text("outcome = 'undone'")),
    Index(None, "undone_at"),
    Index("ix_undos_refused", "undone_at", postgresql_where=text("outcome <> 'undone'")),
)
IS_UNDONE = undos.c.outcome == literal_column("'undone'")
"""As the condition of `uq_undos_undoes` has it, which a parameter is not."""

# What came from a scanner and could not be recorded above: there is no such task, its id is another
# operation's, or nothing could be made of it. The same operation stands here once, however often it is sent.
refusals = Table(
    "refusals",
    metadata,
    _id(),
    Column("refused_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("worker", Text, nullable=False),
    # As far as it could be read; of a task, too, that there is not.
    Column("kind", Text),
    Column("operation_id", UUID(as_uuid=True)),
    Column("task_id", BigInteger),
    Column("code", Text),
    Column("reason", Text, nullable=False),
    Column("detail", Text),
    Column("picked_at", DateTime(timezone=True)),
    Column("handed_in_by", Text),
    CheckConstraint("kind IN ('scan', 'shortage', 'undo')", name="known_kind"),
    CheckConstraint("length(code) <= 512 AND length(detail) <= 512", name="short_texts"),
    Index(None, "refused_at"),
    Index(None, "worker", "refused_at"),
    Index(
        "uq_refusals_operation_id",
        "operation_id",
        "worker",
        "reason",
        "kind",
        "task_id",
        "code",
        unique=True,
        postgresql_where=text("operation_id IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    ),
)

# Pieces that supervisors moved between task lines, or wanted to: the same operation again finds what it did.
plan_changes = Table(
    "plan_changes",
    metadata,
    Column("operation_id", UUID(as_uuid=True), primary_key=True),
    Column("task_id", ForeignKey(pick_tasks.c.id), nullable=False, index=True),
    # None where nothing was moved.
    Column("target_task_id", ForeignKey(pick_tasks.c.id)),
    Column("sent", JSONB, nullable=False),
    Column("supervisor", Text, nullable=False),
    # As it was given; not known of those from before it was kept.
    Column("answer", JSONB),
    _created(),
)

# Tasks that became completed, or something else after that; a trigger notes them, reports take them out.
task_turns = Table(
    "task_turns",
    metadata,
    _id(),
    Column("task_id", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

# What task lines were of that are not there any more: what was scanned on one and taken back again is still
# counted where it was. A trigger keeps them.
gone_lines = Table(
    "gone_lines",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", BigInteger, nullable=False),
    Column("location", Text),
)


def _counts(*more: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in (*MEASURES, *more)]


def _sums(table: str, subject: str) -> Table:
    """Return sums by day, and by month besides: a year of them is read as months and the days at its ends."""
    return Table(
        table,
        metadata,
        Column("grain", Text, primary_key=True),
        Column("starts", Date, primary_key=True),
        # Empty where it is not known.
        Column(subject, Text, primary_key=True),
        *_counts(),
        CheckConstraint("grain IN ('day', 'month')", name="known_grain"),
    )


# How far the sums below follow, and the time zone of their days: in another one they are made anew.
report_state = Table(
    "report_state",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("place", BigInteger, nullable=False),
    Column("time_zone", Text, nullable=False),
    CheckConstraint("one", name="one_row"),
)
# Scans that arrived before this were removed, if they were of tasks that were closed by then; no row where
# none ever were. The sums of days before `first_day` cannot be counted anew. They have all operations up to
# `place`, and stay when the others are made anew.
scan_retention = Table(
    "scan_retention",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("removed_before", DateTime(timezone=True), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("place", BigInteger, nullable=False),
    CheckConstraint("one", name="one_row"),
)
report_workers = Table(
    "report_workers",
    metadata,
    Column("day", Date, primary_key=True),
    Column("worker", Text, primary_key=True),
    *_counts(*TASK_MEASURES),
    # The five minutes of the day in which they sent something, from midnight on; a day may have 25 hours.
    Column("active", BIT(300), nullable=False),
)
report_articles = _sums("report_articles", "sku")
Index(
    "ix_report_articles_short",
    report_articles.c.grain,
    report_articles.c.starts,
    postgresql_where=text("shortages > 0"),
)
report_locations = _sums("report_locations", "location")
# The same by quarters of an hour, from midnight on: which of them a shift has is looked up when asked for.
report_quarters = Table(
    "report_quarters",
    metadata,
    Column("day", Date, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("quarter", SmallInteger, primary_key=True, autoincrement=False),
    *(Column(name, Integer, nullable=False) for name in (*MEASURES, *TASK_MEASURES)),
    Column("active", BIT(3), nullable=False),
)
# And by shift, of everybody, of days that are over and not among the changed ones: see reports/by_shift.py.
report_shifts = Table(
    "report_shifts",
    metadata,
    Column("day", Date, primary_key=True),
    # 0 for what is of none. What one was called is looked up when asked for.
    Column("shift_id", BigInteger, primary_key=True, autoincrement=False),
    *_counts(*TASK_MEASURES, "minutes"),
)
# Days whose quarters, or whose shifts, have changed since they were added up.
report_changed_days = Table(
    "report_changed_days",
    metadata,
    Column("day", Date, primary_key=True),
)
# As what a task was counted above; of no day where it is not completed any more.
report_tasks = Table(
    "report_tasks",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date),
    Column("quarter", SmallInteger),
    Column("worker", Text),
    Column("due", Boolean, nullable=False),
    Column("on_time", Boolean, nullable=False),
)

# Reports that are mailed, each once: `content` is what the mail says, `told` the sums that people know of
# these days, from it or from a later mail.
report_mails = Table(
    "report_mails",
    metadata,
    Column("each", Text, primary_key=True),
    Column("first_day", Date, primary_key=True),
    Column("last_day", Date, nullable=False),
    _created(),
    Column("content", JSONB, nullable=False),
    Column("told", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("sent_at", DateTime(timezone=True)),
)


def _named(table: str) -> Table:
    """Return what has a name. One that was removed keeps it, for the days before; made anew, it goes on."""
    return Table(
        table,
        metadata,
        _id(),
        Column("name", Text, nullable=False, unique=True),
        Column("revision", Integer, nullable=False),
        Column("changed_by", Text, nullable=False),
        Column("removed_at", DateTime(timezone=True)),
    )


def _by_days(table: str, *columns: Column[Any], subject: str) -> Table:
    """Return what was so from the day `since` until before the day `until`; one row at most is so now."""
    return Table(
        table,
        metadata,
        _id(),
        *columns,
        Column("since", Date, nullable=False),
        Column("until", Date),
        CheckConstraint("until > since", name="days"),
        UniqueConstraint(subject, "since"),
        Index(f"uq_{table}_now", subject, unique=True, postgresql_where=text("until IS NULL")),
    )


shifts = _named("shifts")
teams = _named("teams")
# Minutes after midnight. A shift that ends at or before its beginning goes on over midnight.
shift_hours = _by_days(
    "shift_hours",
    Column("shift_id", ForeignKey(shifts.c.id), nullable=False),
    Column("weekdays", ARRAY(Integer), nullable=False),
    Column("starts", Integer, nullable=False),
    Column("ends", Integer, nullable=False),
    subject="shift_id",
)
team_shifts = _by_days(
    "team_shifts",
    Column("team_id", ForeignKey(teams.c.id), nullable=False),
    Column("shift_id", ForeignKey(shifts.c.id), nullable=False),
    subject="team_id",
)
team_members = _by_days(
    "team_members",
    Column("team_id", ForeignKey(teams.c.id), nullable=False, index=True),
    Column("worker", Text, nullable=False),
    subject="worker",
)

# Receivers of events. What a secret is made of besides the service's key is in `seed`; `key_mark` tells
# whether that key is still the one.
webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    Column("seed", LargeBinary, nullable=False),
    Column("key_mark", LargeBinary, nullable=False),
    Column("former_seed", LargeBinary),
    Column("former_until", DateTime(timezone=True)),
    Column("delivered_at", DateTime(timezone=True)),
    Column("created_by", Text, nullable=False),
    _created(),
)

# What is to be sent to each of them, and what became of it. Triggers write it with the event itself.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _id(),
    Column("webhook_id", ForeignKey(webhooks.c.id, ondelete="CASCADE"), nullable=False),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("data", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default="waiting"),
    # Whoever sends it puts the end of their claim here; `attempts` tells one claim from the next.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("claimed_until", DateTime(timezone=True)),
    Column("last_attempt_at", DateTime(timezone=True)),
    Column("answer_status", Integer),
    Column("trouble", Text),
    Column("finished_at", DateTime(timezone=True)),
    _created(),
    UniqueConstraint("webhook_id", "event_id"),
    CheckConstraint("status IN ('waiting', 'delivered', 'given_up')", name="known_status"),
    Index(None, "webhook_id", "id"),
    Index(
        "ix_webhook_deliveries_waiting",
        "webhook_id",
        "due_at",
        "id",
        postgresql_where=text("status = 'waiting'"),
    ),
    Index("ix_webhook_deliveries_finished", "finished_at", postgresql_where=text("status <> 'waiting'")),
)

# Tasks that were completed or cancelled; a trigger notes them, whoever looks for closed requisitions takes
# them out.
requisition_turns = Table(
    "requisition_turns",
    metadata,
    _id(),
    Column("task_id", BigInteger, nullable=False),
)

# What came of a requisition each time that it was closed, from 1 on.
requisition_results = Table(
    "requisition_results",
    metadata,
    _id(),
    Column("requisition_id", ForeignKey(requisitions.c.id), nullable=False),
    Column("closing", Integer, nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("lines", JSONB, nullable=False),
    # Whether it is to be put into the folder, and when it was.
    Column("to_file", Boolean, nullable=False),
    Column("filed_at", DateTime(timezone=True)),
    UniqueConstraint("requisition_id", "closing"),
    Index("ix_requisition_results_unfiled", "id", postgresql_where=text("to_file AND filed_at IS NULL")),
)

outbox = outbox_table(metadata)
