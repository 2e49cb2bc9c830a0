"""Requisitions whose content is replaced, and the versions of pick tasks.

Revision 0003, after 0002. What was sent with the lines of before is not known; all tasks of before, and their
scans, are of version 1.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ADDED: dict[str, list[sa.Column[Any]]] = {
    "requisitions": [sa.Column("missing_rows", sa.Integer(), server_default="0", nullable=False)],
    "requisition_lines": [sa.Column("description", sa.Text()), sa.Column("barcode", sa.Text())],
    "pick_tasks": [sa.Column("version", sa.Integer(), server_default="1", nullable=False)],
    "scans": [
        sa.Column("version", sa.Integer()),
        sa.Column("task_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("version_required", sa.Integer()),
    ],
}
_LINES_OF_SCANS = "fk_scans_line_id_requisition_lines"


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column, schema="tasks")
    op.drop_constraint(_LINES_OF_SCANS, "scans", schema="tasks", type_="foreignkey")
    op.create_index("ix_shortages_line_id", "shortages", ["line_id"], schema="tasks")
    op.create_table(
        "replacements",
        sa.Column("requisition_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("differences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["requisition_id"],
            ["tasks.requisitions.id"],
            name=op.f("fk_replacements_requisition_id_requisitions"),
        ),
        sa.PrimaryKeyConstraint("requisition_id", "job_id", name=op.f("pk_replacements")),
        schema="tasks",
    )
    op.create_table(
        "earlier_lines",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("required", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.pick_tasks.id"], name=op.f("fk_earlier_lines_task_id_pick_tasks")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["tasks.articles.id"], name=op.f("fk_earlier_lines_article_id_articles")
        ),
        sa.PrimaryKeyConstraint("task_id", "version", "article_id", "line_id", name=op.f("pk_earlier_lines")),
        schema="tasks",
    )


def downgrade() -> None:
    op.drop_table("earlier_lines", schema="tasks")
    op.drop_table("replacements", schema="tasks")
    op.drop_index("ix_shortages_line_id", table_name="shortages", schema="tasks")
    # Scans may have met lines that are gone: what they name is not looked at.
    op.execute(
        f"ALTER TABLE tasks.scans ADD CONSTRAINT {_LINES_OF_SCANS} FOREIGN KEY (line_id) "
        "REFERENCES tasks.requisition_lines (id) NOT VALID"
    )
    for table, columns in _ADDED.items():
        for column in columns:
            op.drop_column(table, column.name, schema="tasks")
