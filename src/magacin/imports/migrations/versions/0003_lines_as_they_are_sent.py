"""Lines are staged in the form in which they are sent, with their requisition.

Revision 0003, after 0002. What is staged at the moment is turned into that form, and stays what it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TOGETHER = """
UPDATE imports.staged_requisitions AS requisition SET lines = (
    SELECT json_agg(json_strip_nulls(json_build_object(
        'sku', sku, 'quantity', quantity, 'description', description, 'barcode', barcode)) ORDER BY row)::text
    FROM imports.staged_lines AS line
    WHERE line.job_id = requisition.job_id AND line.position = requisition.position
)
"""

_APART = """
INSERT INTO imports.staged_lines (job_id, position, row, sku, quantity, description, barcode)
SELECT job_id, position, place, line->>'sku', (line->>'quantity')::integer,
       coalesce(line->>'description', ''), line->>'barcode'
FROM imports.staged_requisitions,
     LATERAL json_array_elements(lines::json) WITH ORDINALITY AS found (line, place)
"""


def upgrade() -> None:
    op.add_column("staged_requisitions", sa.Column("lines", sa.Text()), schema="imports")
    # They are read once; to compress them takes longer than to write them.
    op.execute("ALTER TABLE imports.staged_requisitions ALTER COLUMN lines SET STORAGE EXTERNAL")
    op.execute(_TOGETHER)
    op.alter_column("staged_requisitions", "lines", nullable=False, schema="imports")
    op.drop_table("staged_lines", schema="imports")


def downgrade() -> None:
    op.create_table(
        "staged_lines",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "position", "row", name=op.f("pk_staged_lines")),
        schema="imports",
    )
    op.execute(_APART)
    op.drop_column("staged_requisitions", "lines", schema="imports")
