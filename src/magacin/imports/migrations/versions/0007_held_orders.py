"""Orders that were held back, until somebody releases or discards them.

Revision 0007, after 0006. What was held back before is in the files alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.text("false")
    op.create_table(
        "held_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("missing_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lines", sa.Text(), nullable=True),
        sa.Column("is_there", sa.Boolean(), server_default=no, nullable=False),
        sa.Column(
            "differences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("hindrance", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("releasing", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason IN ('incomplete', 'differs')", name=op.f("ck_held_orders_reason_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'released', 'discarded', 'superseded')",
            name=op.f("ck_held_orders_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_orders")),
        schema="imports",
    )
    op.create_index("ix_held_orders_of_job", "held_orders", ["job_id", "state", "id"], schema="imports")
    op.create_index("ix_held_orders_by_state", "held_orders", ["state", "id"], schema="imports")
    op.create_index(
        "ix_held_orders_waiting",
        "held_orders",
        ["number"],
        schema="imports",
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("held_orders", schema="imports")
