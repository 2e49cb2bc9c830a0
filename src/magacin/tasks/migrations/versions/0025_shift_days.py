"""Sums by shift of days that are over, for reports by shift of a year.

Revision 0025, after 0024. The days that there are, are added up afterwards.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SUMS = (
    "scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces",
    "tasks", "tasks_due", "tasks_on_time", "minutes",
)  # fmt: skip
# What shifts or teams are different on a day. Where only their end is another one, they are so from there on.
_NOTE = """
CREATE FUNCTION tasks.note_changed_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first date := CASE
        WHEN TG_OP = 'INSERT' THEN NEW.since
        WHEN TG_OP = 'DELETE' THEN OLD.since
        WHEN to_jsonb(OLD) - 'until' = to_jsonb(NEW) - 'until' THEN least(OLD.until, NEW.until)
        ELSE least(OLD.since, NEW.since) END;
BEGIN
    INSERT INTO tasks.report_changed_days (day)
    SELECT DISTINCT day FROM tasks.report_shifts WHERE day >= first ORDER BY day
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
_TABLES = ("shift_hours", "team_members", "team_shifts")


def upgrade() -> None:
    op.create_table(
        "report_shifts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("day", "shift_id", name=op.f("pk_report_shifts")),
        schema="tasks",
    )
    op.create_table(
        "report_changed_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_report_changed_days")),
        schema="tasks",
    )
    op.execute("INSERT INTO tasks.report_changed_days SELECT DISTINCT day FROM tasks.report_workers")
    op.execute(_NOTE)
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER note_changed_days AFTER INSERT OR UPDATE OR DELETE ON tasks.{table}"
            " FOR EACH ROW EXECUTE FUNCTION tasks.note_changed_days()"
        )


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TRIGGER note_changed_days ON tasks.{table}")
    op.execute("DROP FUNCTION tasks.note_changed_days()")
    op.drop_table("report_changed_days", schema="tasks")
    op.drop_table("report_shifts", schema="tasks")
