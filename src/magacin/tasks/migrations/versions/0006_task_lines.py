"""Task lines, locations, what was taken back, and what supervisors moved.

Revision 0006, after 0005. What was picked and short moves from the lines of requisitions to those of tasks,
each of which gets the id of its requisition line; the totals are compared before anything is dropped.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False)


# What a statement adds is checked together: a foreign key would look each row up and lock what it finds. By
# subqueries, each of which is answered from an index, however the tables have grown since it was planned.
_CHECK_ADDED = """
CREATE FUNCTION tasks.check_task_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM changed
        WHERE (SELECT id FROM tasks.pick_tasks WHERE id = changed.task_id) IS NULL
           OR (SELECT article_id FROM tasks.requisition_lines WHERE id = changed.requisition_line_id)
              IS DISTINCT FROM changed.article_id
    ) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a task line of an unknown task or requisition line';
    END IF;
    IF EXISTS (
        SELECT FROM changed
        WHERE (SELECT required FROM tasks.requisition_lines WHERE id = changed.requisition_line_id)
           <> (SELECT sum(required) FROM tasks.task_lines
                WHERE requisition_line_id = changed.requisition_line_id)
    ) THEN
        RAISE check_violation USING MESSAGE = 'task lines require other than their requisition line';
    END IF;
    RETURN NULL;
END $$
"""

# What changes or goes is checked at the commit: pieces are moved by more than one statement.
_CHECK_PLANNED = """
CREATE FUNCTION tasks.check_planned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line bigint := CASE TG_TABLE_NAME WHEN 'requisition_lines' THEN OLD.id
                   ELSE (to_jsonb(OLD) ->> 'requisition_line_id')::bigint END;
    planned bigint;
    wanted bigint;
BEGIN
    SELECT sum(required) INTO planned FROM tasks.task_lines WHERE requisition_line_id = line;
    SELECT required INTO wanted FROM tasks.requisition_lines WHERE id = line;
    IF planned <> wanted
       OR (planned IS NOT NULL AND wanted IS NULL)
       OR (planned IS NULL AND wanted IS NOT NULL AND TG_TABLE_NAME = 'task_lines')
    THEN
        RAISE check_violation USING MESSAGE = 'task lines require other than their requisition line';
    END IF;
    RETURN NULL;
END $$
"""

_TRIGGERS = (
    """
    CREATE TRIGGER check_task_lines AFTER INSERT ON tasks.task_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tasks.check_task_lines()
    """,
    """
    CREATE CONSTRAINT TRIGGER check_planned AFTER UPDATE OF required OR DELETE ON tasks.task_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tasks.check_planned()
    """,
    """
    CREATE CONSTRAINT TRIGGER check_planned AFTER UPDATE OF required OR DELETE ON tasks.requisition_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tasks.check_planned()
    """,
)

_KEEP_TASKS = """
CREATE FUNCTION tasks.keep_tasks_with_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone JOIN tasks.task_lines ON task_id = gone.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'pick tasks with lines stay';
    END IF;
    RETURN NULL;
END $$
"""
_KEEP_TASKS_TRIGGER = """
CREATE TRIGGER keep_tasks_with_lines AFTER DELETE ON tasks.pick_tasks
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tasks.keep_tasks_with_lines()
"""

_MOVE = """
INSERT INTO tasks.task_lines (id, task_id, requisition_line_id, article_id, required, picked, short)
SELECT l.id, t.id, l.id, l.article_id, l.required, l.picked, l.short
  FROM tasks.pick_tasks t JOIN tasks.requisition_lines l USING (requisition_id)
"""

# Any row is a mistake: of a task whose lines do not come to the same, or of pieces without a task.
_DIFFERENT = """
SELECT t.id FROM tasks.pick_tasks t
 WHERE (SELECT (count(*), sum(required), sum(picked), sum(short))::text FROM tasks.requisition_lines l
         WHERE l.requisition_id = t.requisition_id)
       IS DISTINCT FROM
       (SELECT (count(*), sum(required), sum(picked), sum(short))::text FROM tasks.task_lines l
         WHERE l.task_id = t.id)
    OR t.lines_open IS DISTINCT FROM
       (SELECT count(*) FROM tasks.task_lines l WHERE l.task_id = t.id AND picked + short < required)
UNION ALL
SELECT l.id FROM tasks.requisition_lines l
 WHERE picked + short > 0 AND NOT EXISTS (SELECT FROM tasks.task_lines WHERE requisition_line_id = l.id)
 LIMIT 1
"""

_ANSWERS = ("picked", "short", "required", "task_status", "remaining_lines")


def _answer_columns() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text() if name == "task_status" else sa.Integer()) for name in _ANSWERS]


def upgrade() -> None:
    _create_tables()
    op.execute(_MOVE)
    if (found := op.get_bind().scalar(sa.text(_DIFFERENT))) is not None:
        raise RuntimeError(
            f"The lines of task or requisition line {found} do not add up, so they are not changed. "
            "Nothing was migrated. Compare tasks.requisition_lines with tasks.pick_tasks.lines_open there."
        )
    op.execute(
        "INSERT INTO tasks.task_requisitions (task_id, requisition_id) "
        "SELECT id, requisition_id FROM tasks.pick_tasks"
    )
    for statement in (_CHECK_ADDED, _CHECK_PLANNED, *_TRIGGERS, _KEEP_TASKS, _KEEP_TASKS_TRIGGER):
        op.execute(statement)
    op.drop_column("pick_tasks", "requisition_id", schema="tasks")
    op.drop_constraint("ck_requisition_lines_within_required", "requisition_lines", schema="tasks")
    op.drop_column("requisition_lines", "picked", schema="tasks")
    op.drop_column("requisition_lines", "short", schema="tasks")
    op.drop_constraint("fk_shortages_line_id_requisition_lines", "shortages", schema="tasks")
    op.drop_index("ix_shortages_line_id", table_name="shortages", schema="tasks")
    outcome = sa.Column("outcome", sa.Text(), server_default="reported", nullable=False)
    for column in (outcome, *_answer_columns()):
        op.add_column("shortages", column, schema="tasks")
    op.add_column("scans", sa.Column("named_line_id", sa.BigInteger()), schema="tasks")


def _create_tables() -> None:
    op.create_table(
        "task_requisitions",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("requisition_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_task_requisitions_task_id_pick_tasks")
        ),
        sa.ForeignKeyConstraint(
            ["requisition_id"],
            ["tasks.requisitions.id"],
            name=op.f("fk_task_requisitions_requisition_id_requisitions"),
        ),
        sa.PrimaryKeyConstraint("task_id", "requisition_id", name=op.f("pk_task_requisitions")),
        schema="tasks",
    )
    op.create_index(
        "ix_task_requisitions_requisition_id", "task_requisitions", ["requisition_id"], schema="tasks"
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("aisle", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _created(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("code", name=op.f("uq_locations_code")),
        schema="tasks",
    )
    op.create_table(
        "article_locations",
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["tasks.articles.id"], name=op.f("fk_article_locations_article_id_articles")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["tasks.locations.id"], name=op.f("fk_article_locations_location_id_locations")
        ),
        sa.PrimaryKeyConstraint("article_id", "location_id", name=op.f("pk_article_locations")),
        schema="tasks",
    )
    op.create_index("ix_article_locations_location_id", "article_locations", ["location_id"], schema="tasks")
    _create_task_lines()
    _create_undos()
    op.create_table(
        "plan_changes",
        sa.Column("operation_id", sa.UUID(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("target_task_id", sa.BigInteger(), nullable=False),
        sa.Column("sent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("supervisor", sa.Text(), nullable=False),
        _created(),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_plan_changes_task_id_pick_tasks")
        ),
        sa.ForeignKeyConstraint(
            ["target_task_id"],
            ["tasks.pick_tasks.id"],
            name=op.f("fk_plan_changes_target_task_id_pick_tasks"),
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_plan_changes")),
        schema="tasks",
    )
    op.create_index("ix_plan_changes_task_id", "plan_changes", ["task_id"], schema="tasks")


def _create_task_lines() -> None:
    ids = sa.text("nextval('tasks.requisition_lines_id_seq'::regclass)")
    op.create_table(
        "task_lines",
        sa.Column("id", sa.BigInteger(), server_default=ids, autoincrement=False, nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("requisition_line_id", sa.BigInteger(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=True),
        sa.Column("tote", sa.Text(), nullable=True),
        sa.Column("required", sa.Integer(), nullable=False),
        sa.Column("picked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("short", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "picked >= 0 AND short >= 0 AND picked + short <= required",
            name=op.f("ck_task_lines_within_required"),
        ),
        sa.CheckConstraint("required > 0", name=op.f("ck_task_lines_required_positive")),
        sa.ForeignKeyConstraint(
            ["location_id"], ["tasks.locations.id"], name=op.f("fk_task_lines_location_id_locations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_lines")),
        schema="tasks",
    )
    op.create_index(
        "ix_task_lines_requisition_line_id", "task_lines", ["requisition_line_id"], schema="tasks"
    )
    op.create_index(
        "ix_task_lines_task_id_article_id", "task_lines", ["task_id", "article_id"], schema="tasks"
    )
    op.create_index(
        "ix_task_lines_location_id",
        "task_lines",
        ["location_id"],
        schema="tasks",
        postgresql_where=sa.text("location_id IS NOT NULL"),
    )


def _create_undos() -> None:
    op.create_table(
        "undos",
        sa.Column("operation_id", sa.UUID(), nullable=False),
        sa.Column("undoes", sa.UUID(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("undone_kind", sa.Text(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("article_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("undone_worker", sa.Text(), nullable=True),
        sa.Column("undone_done_at", _TIME, nullable=True),
        *_answer_columns(),
        sa.Column("undone_at", _TIME, nullable=False),
        sa.CheckConstraint("undone_kind IN ('scan', 'shortage')", name=op.f("ck_undos_known_kind")),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_undos_task_id_pick_tasks")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["tasks.articles.id"], name=op.f("fk_undos_article_id_articles")
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_undos")),
        schema="tasks",
    )
    op.create_index(
        "uq_undos_undoes",
        "undos",
        ["undoes"],
        unique=True,
        schema="tasks",
        postgresql_where=sa.text("outcome = 'undone'"),
    )
    op.create_index("ix_undos_task_id", "undos", ["task_id"], schema="tasks")
    op.create_index("ix_undos_undone_at", "undos", ["undone_at"], schema="tasks")


_TABLES = ("plan_changes", "undos", "task_lines", "article_locations", "locations", "task_requisitions")
_ONE_TASK_EACH = """
SELECT requisition_id FROM tasks.task_requisitions GROUP BY requisition_id HAVING count(*) > 1
UNION ALL SELECT task_id FROM tasks.task_requisitions GROUP BY task_id HAVING count(*) > 1
UNION ALL SELECT requisition_line_id FROM tasks.task_lines GROUP BY 1 HAVING count(*) > 1
UNION ALL SELECT id FROM tasks.task_lines WHERE id <> requisition_line_id
UNION ALL SELECT task_id FROM tasks.undos WHERE outcome = 'undone'
LIMIT 1
"""

_MOVE_BACK = """
UPDATE tasks.requisition_lines l SET picked = t.picked, short = t.short
  FROM tasks.task_lines t WHERE t.requisition_line_id = l.id
"""


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(_ONE_TASK_EACH)) is not None:
        raise RuntimeError(
            "Tasks were split or combined, or scans taken back, which the tables of before cannot say. "
            "Nothing was changed. Restore a backup from before the upgrade instead."
        )
    op.drop_column("scans", "named_line_id", schema="tasks")
    op.execute("DELETE FROM tasks.shortages WHERE outcome <> 'reported'")
    for name in ("outcome", *_ANSWERS):
        op.drop_column("shortages", name, schema="tasks")
    for name in ("picked", "short"):
        column = sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        op.add_column("requisition_lines", column, schema="tasks")
    op.execute("DROP TRIGGER check_planned ON tasks.requisition_lines")
    op.execute(_MOVE_BACK)
    op.create_check_constraint(
        op.f("ck_requisition_lines_within_required"),
        "requisition_lines",
        "picked >= 0 AND short >= 0 AND picked + short <= required",
        schema="tasks",
    )
    op.add_column("pick_tasks", sa.Column("requisition_id", sa.BigInteger()), schema="tasks")
    op.execute(
        "UPDATE tasks.pick_tasks t SET requisition_id = r.requisition_id "
        "FROM tasks.task_requisitions r WHERE r.task_id = t.id"
    )
    op.alter_column("pick_tasks", "requisition_id", nullable=False, schema="tasks")
    op.create_unique_constraint(
        op.f("uq_pick_tasks_requisition_id"), "pick_tasks", ["requisition_id"], schema="tasks"
    )
    for table, key, other in (
        ("pick_tasks", "requisition_id", "requisitions"),
        ("shortages", "line_id", "requisition_lines"),
    ):
        keys = f"fk_{table}_{key}_{other}"
        op.create_foreign_key(
            keys, table, other, [key], ["id"], source_schema="tasks", referent_schema="tasks"
        )
    op.create_index("ix_shortages_line_id", "shortages", ["line_id"], schema="tasks")
    op.execute("DROP FUNCTION tasks.keep_tasks_with_lines CASCADE")
    for table in (
        "plan_changes",
        "undos",
        "task_lines",
        "article_locations",
        "locations",
        "task_requisitions",
    ):
        op.drop_table(table, schema="tasks")
    op.execute("DROP FUNCTION tasks.check_task_lines")
    op.execute("DROP FUNCTION tasks.check_planned")
