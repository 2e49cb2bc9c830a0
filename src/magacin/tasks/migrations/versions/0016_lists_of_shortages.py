"""Shortages of all tasks are found by when they were made, by worker and by article.

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MADE = "coalesce(picked_at, created_at)"
_INDEXES = {"made": [], "worker": ["worker"], "article": ["article_id"]}


def upgrade() -> None:
    # No foreign key: it would be checked for each line of a batch, and articles are never deleted.
    op.add_column("shortages", sa.Column("article_id", sa.BigInteger()), schema="tasks")
    op.execute("""
        UPDATE tasks.shortages s
           SET article_id = coalesce((SELECT l.article_id FROM tasks.task_lines l
                                       WHERE l.id = s.line_id AND l.task_id = s.task_id),
                                     (SELECT g.article_id FROM tasks.gone_lines g WHERE g.id = s.line_id))
         WHERE outcome = 'reported'
    """)
    for name, columns in _INDEXES.items():
        op.create_index(
            f"ix_shortages_by_{name}",
            "shortages",
            [*columns, sa.text(f"({_MADE})"), "operation_id"],
            schema="tasks",
            postgresql_where=sa.text("outcome = 'reported'"),
        )
    op.create_index(
        "ix_report_articles_short",
        "report_articles",
        ["grain", "starts"],
        schema="tasks",
        postgresql_where=sa.text("shortages > 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_report_articles_short", table_name="report_articles", schema="tasks")
    for name in _INDEXES:
        op.drop_index(f"ix_shortages_by_{name}", table_name="shortages", schema="tasks")
    op.drop_column("shortages", "article_id", schema="tasks")
