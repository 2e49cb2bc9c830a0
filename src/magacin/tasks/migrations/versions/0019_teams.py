"""Teams and shifts, by the days on which they were so.

Revision 0019, after 0018.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _named(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("name", name=op.f(f"uq_{table}_name")),
        schema="tasks",
    )


def _by_days(table: str, of: str, *columns: sa.Column[Any], subject: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(of, sa.BigInteger(), nullable=False),
        *columns,
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.CheckConstraint("until > since", name=op.f(f"ck_{table}_days")),
        sa.ForeignKeyConstraint(
            [of],
            [f"tasks.{of.removesuffix('_id')}s.id"],
            name=op.f(f"fk_{table}_{of}_{of.removesuffix('_id')}s"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(subject, "since", name=op.f(f"uq_{table}_{subject}_since")),
        schema="tasks",
    )
    now = sa.text("until IS NULL")
    op.create_index(f"uq_{table}_now", table, [subject], unique=True, schema="tasks", postgresql_where=now)


def upgrade() -> None:
    _named("shifts")
    _named("teams")
    _by_days(
        "shift_hours",
        "shift_id",
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        subject="shift_id",
    )
    shift_id: sa.Column[Any] = sa.Column(
        "shift_id",
        sa.BigInteger(),
        sa.ForeignKey("tasks.shifts.id", name=op.f("fk_team_shifts_shift_id_shifts")),
        nullable=False,
    )
    _by_days("team_shifts", "team_id", shift_id, subject="team_id")
    _by_days("team_members", "team_id", sa.Column("worker", sa.Text(), nullable=False), subject="worker")
    op.create_index(op.f("ix_team_members_team_id"), "team_members", ["team_id"], schema="tasks")


def downgrade() -> None:
    for table in ("team_members", "team_shifts", "shift_hours", "teams", "shifts"):
        op.drop_table(table, schema="tasks")
