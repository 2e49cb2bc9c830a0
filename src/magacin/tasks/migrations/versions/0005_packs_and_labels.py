"""Packs, what a label says besides the article, and codes without regard to case.

Revision 0005, after 0004. Barcodes of before stand for one piece each; scans of before kept nothing of their
labels.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ADDED: dict[str, list[sa.Column[Any]]] = {
    "barcodes": [
        sa.Column("pieces", sa.Integer(), server_default="1", nullable=False),
        sa.Column("level", sa.Text(), server_default="each", nullable=False),
    ],
    "scans": [
        sa.Column("sent_pieces", sa.Integer()),
        sa.Column("lot", sa.Text()),
        sa.Column("expiry", sa.Date()),
        sa.Column("best_before", sa.Date()),
        sa.Column("serial", sa.Text()),
        sa.Column("weight", sa.Numeric()),
        sa.Column("price", sa.Numeric()),
    ],
}
# Codes of digits alone are found as they stand: they need no place in an index without case.
_CASELESS = {"articles": "sku", "barcodes": "code"}


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column, schema="tasks")
    op.create_check_constraint(op.f("ck_barcodes_whole_pieces"), "barcodes", "pieces >= 1", schema="tasks")
    op.create_check_constraint(
        op.f("ck_barcodes_known_level"),
        "barcodes",
        "level IN ('each', 'inner', 'case', 'pallet')",
        schema="tasks",
    )
    for table, name in _CASELESS.items():
        op.create_index(
            f"ix_{table}_caseless",
            table,
            [sa.text(f"lower({name})")],
            schema="tasks",
            postgresql_where=sa.text(f"lower({name}) <> upper({name})"),
        )


def downgrade() -> None:
    for table in _CASELESS:
        op.drop_index(f"ix_{table}_caseless", table_name=table, schema="tasks")
    op.drop_constraint(op.f("ck_barcodes_known_level"), "barcodes", schema="tasks")
    op.drop_constraint(op.f("ck_barcodes_whole_pieces"), "barcodes", schema="tasks")
    for table, columns in _ADDED.items():
        for column in columns:
            op.drop_column(table, column.name, schema="tasks")
