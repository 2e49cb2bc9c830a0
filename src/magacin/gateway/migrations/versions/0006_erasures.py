"""People who are erased, and how far that is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("username", sa.Text),
        sa.Column("pseudonym", sa.Text, nullable=False),
        sa.Column("requested_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("part", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("place", sa.Text),
        sa.Column("found", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("waiting_for", sa.Text),
        sa.Column("finished_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("username", name="uq_erasures_username"),
        sa.UniqueConstraint("pseudonym", name="uq_erasures_pseudonym"),
        sa.CheckConstraint(
            "(username IS NULL) = (finished_at IS NOT NULL)", name=op.f("ck_erasures_name_until_the_end")
        ),
        schema="gateway",
    )
    op.create_index(
        "ix_erasures_due",
        "erasures",
        ["due_at"],
        schema="gateway",
        postgresql_where=sa.text("username IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop the table: what was not finished stays as it is."""
    op.drop_table("erasures", schema="gateway")
