"""Requisitions that are replaced, duplicates that differ, and rows of duplicates are counted by themselves.

Revision 0004, after 0003. Jobs from before have counted the rows of duplicates as accepted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COUNTS = ("rows_duplicate", "requisitions_replaced", "requisitions_differing")
_ADD_UP = "status <> 'succeeded' OR rows_read = rows_accepted {} + rows_rejected + rows_held_back"


def _constrain(condition: str) -> None:
    op.drop_constraint(op.f("ck_jobs_counts_add_up"), "jobs", schema="imports", type_="check")
    op.create_check_constraint(op.f("ck_jobs_counts_add_up"), "jobs", condition, schema="imports")


def upgrade() -> None:
    for name in _COUNTS:
        column = sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        op.add_column("jobs", column, schema="imports")
    no = sa.text("false")
    chosen: sa.Column[bool] = sa.Column("replace", sa.Boolean(), server_default=no, nullable=False)
    op.add_column("jobs", chosen, schema="imports")
    missing = sa.Column("missing_rows", sa.Integer(), server_default="0", nullable=False)
    op.add_column("staged_requisitions", missing, schema="imports")
    _constrain(_ADD_UP.format("+ rows_duplicate"))


def downgrade() -> None:
    op.execute("UPDATE imports.jobs SET rows_accepted = rows_accepted + rows_duplicate, rows_duplicate = 0")
    _constrain(_ADD_UP.format(""))
    op.drop_column("staged_requisitions", "missing_rows", schema="imports")
    for name in ("replace", *_COUNTS):
        op.drop_column("jobs", name, schema="imports")
