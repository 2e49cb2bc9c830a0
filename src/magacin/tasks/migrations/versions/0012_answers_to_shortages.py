"""What shortages were answered with, so that they are answered so again.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shortage_answers",
        sa.Column(
            "operation_id",
            sa.UUID(),
            sa.ForeignKey("tasks.shortages.operation_id", name="fk_shortage_answers_operation_id_shortages"),
            nullable=False,
        ),
        sa.Column("task", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", name="pk_shortage_answers"),
        schema="tasks",
    )


def downgrade() -> None:
    op.drop_table("shortage_answers", schema="tasks")
