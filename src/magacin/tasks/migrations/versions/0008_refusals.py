"""What came from a scanner and is in no task's ledger, refused plans, and indexes of what was refused.

Revision 0008, after 0007. A refused plan has no task to which it moved something.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_REFUSED = {
    "scans": ("scanned_at", "outcome NOT IN ('picked', 'line_complete', 'task_complete')"),
    "shortages": ("created_at", "outcome <> 'reported'"),
    "undos": ("undone_at", "outcome <> 'undone'"),
}


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text()),
        sa.Column("operation_id", sa.UUID()),
        sa.Column("task_id", sa.BigInteger()),
        sa.Column("code", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.CheckConstraint("kind IN ('scan', 'shortage', 'undo')", name=op.f("ck_refusals_known_kind")),
        sa.CheckConstraint(
            "length(code) <= 512 AND length(detail) <= 512", name=op.f("ck_refusals_short_texts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
        schema="tasks",
    )
    op.create_index("ix_refusals_refused_at", "refusals", ["refused_at"], schema="tasks")
    op.create_index("ix_refusals_worker_refused_at", "refusals", ["worker", "refused_at"], schema="tasks")
    op.create_index(
        "uq_refusals_operation_id",
        "refusals",
        ["operation_id", "worker", "reason", "kind", "task_id", "code"],
        unique=True,
        schema="tasks",
        postgresql_where=sa.text("operation_id IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )
    for table, (at, refused) in _REFUSED.items():
        op.create_index(f"ix_{table}_refused", table, [at], schema="tasks", postgresql_where=sa.text(refused))
    op.alter_column("plan_changes", "target_task_id", nullable=True, schema="tasks")


def downgrade() -> None:
    op.execute("DELETE FROM tasks.plan_changes WHERE target_task_id IS NULL")
    op.alter_column("plan_changes", "target_task_id", nullable=False, schema="tasks")
    for table in _REFUSED:
        op.drop_index(f"ix_{table}_refused", table_name=table, schema="tasks")
    op.drop_table("refusals", schema="tasks")
