"""The first tables.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "articles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("sku", name=op.f("uq_articles_sku")),
        schema="tasks",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rooms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        schema="tasks",
    )
    op.create_table(
        "requisitions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_job_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requisitions")),
        sa.UniqueConstraint("number", name=op.f("uq_requisitions_number")),
        schema="tasks",
    )
    op.create_table(
        "barcodes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["tasks.articles.id"], name=op.f("fk_barcodes_article_id_articles")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_barcodes")),
        schema="tasks",
    )
    op.create_index(op.f("ix_barcodes_article_id"), "barcodes", ["article_id"], unique=False, schema="tasks")
    op.create_table(
        "pick_tasks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("requisition_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("lines_open", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'assigned', 'in_progress', 'completed', 'cancelled')",
            name=op.f("ck_pick_tasks_known_status"),
        ),
        sa.CheckConstraint("lines_open >= 0", name=op.f("ck_pick_tasks_lines_open_positive")),
        sa.ForeignKeyConstraint(
            ["requisition_id"],
            ["tasks.requisitions.id"],
            name=op.f("fk_pick_tasks_requisition_id_requisitions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pick_tasks")),
        sa.UniqueConstraint("requisition_id", name=op.f("uq_pick_tasks_requisition_id")),
        schema="tasks",
    )
    op.create_index(
        op.f("ix_pick_tasks_status_id"), "pick_tasks", ["status", "id"], unique=False, schema="tasks"
    )
    op.create_table(
        "requisition_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("requisition_id", sa.BigInteger(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("required", sa.Integer(), nullable=False),
        sa.Column("picked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("short", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "picked >= 0 AND short >= 0 AND picked + short <= required",
            name=op.f("ck_requisition_lines_within_required"),
        ),
        sa.CheckConstraint("required > 0", name=op.f("ck_requisition_lines_required_positive")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["tasks.articles.id"], name=op.f("fk_requisition_lines_article_id_articles")
        ),
        sa.ForeignKeyConstraint(
            ["requisition_id"],
            ["tasks.requisitions.id"],
            name=op.f("fk_requisition_lines_requisition_id_requisitions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requisition_lines")),
        sa.UniqueConstraint(
            "requisition_id", "article_id", name=op.f("uq_requisition_lines_requisition_id_article_id")
        ),
        schema="tasks",
    )
    op.create_index(
        op.f("ix_requisition_lines_article_id"),
        "requisition_lines",
        ["article_id"],
        unique=False,
        schema="tasks",
    )
    op.create_table(
        "pick_task_workers",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_pick_task_workers_task_id_pick_tasks")
        ),
        sa.PrimaryKeyConstraint("task_id", "worker", name=op.f("pk_pick_task_workers")),
        schema="tasks",
    )
    op.create_index(
        op.f("ix_pick_task_workers_worker"), "pick_task_workers", ["worker"], unique=False, schema="tasks"
    )
    op.create_table(
        "scans",
        sa.Column("operation_id", sa.UUID(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("article_id", sa.BigInteger(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sent_quantity", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("picked", sa.Integer(), nullable=True),
        sa.Column("required", sa.Integer(), nullable=True),
        sa.Column("task_status", sa.Text(), nullable=False),
        sa.Column("remaining_lines", sa.Integer(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["tasks.articles.id"], name=op.f("fk_scans_article_id_articles")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["tasks.requisition_lines.id"], name=op.f("fk_scans_line_id_requisition_lines")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_scans_task_id_pick_tasks")
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_scans")),
        schema="tasks",
    )
    op.create_index(op.f("ix_scans_scanned_at"), "scans", ["scanned_at"], unique=False, schema="tasks")
    op.create_index(
        op.f("ix_scans_task_id_scanned_at"), "scans", ["task_id", "scanned_at"], unique=False, schema="tasks"
    )
    op.create_table(
        "shortages",
        sa.Column("operation_id", sa.UUID(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "reason IN ('short_pick', 'not_found', 'damaged')", name=op.f("ck_shortages_known_reason")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shortages_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["tasks.requisition_lines.id"], name=op.f("fk_shortages_line_id_requisition_lines")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_shortages_task_id_pick_tasks")
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_shortages")),
        schema="tasks",
    )
    op.create_index(op.f("ix_shortages_task_id"), "shortages", ["task_id"], unique=False, schema="tasks")


def downgrade() -> None:

    op.drop_index(op.f("ix_shortages_task_id"), table_name="shortages", schema="tasks")
    op.drop_table("shortages", schema="tasks")
    op.drop_index(op.f("ix_scans_task_id_scanned_at"), table_name="scans", schema="tasks")
    op.drop_index(op.f("ix_scans_scanned_at"), table_name="scans", schema="tasks")
    op.drop_table("scans", schema="tasks")
    op.drop_index(op.f("ix_pick_task_workers_worker"), table_name="pick_task_workers", schema="tasks")
    op.drop_table("pick_task_workers", schema="tasks")
    op.drop_index(op.f("ix_requisition_lines_article_id"), table_name="requisition_lines", schema="tasks")
    op.drop_table("requisition_lines", schema="tasks")
    op.drop_index(op.f("ix_pick_tasks_status_id"), table_name="pick_tasks", schema="tasks")
    op.drop_table("pick_tasks", schema="tasks")
    op.drop_index(op.f("ix_barcodes_article_id"), table_name="barcodes", schema="tasks")
    op.drop_table("barcodes", schema="tasks")
    op.drop_table("requisitions", schema="tasks")
    op.drop_table("outbox", schema="tasks")
    op.drop_table("articles", schema="tasks")
