"""Indexes for codes that may be read as another article's.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# As in picking/exceptions.py: queries name the same pattern, and find what the index has by it.
_TELLING = "|".join(
    (
        r"^[^0-9a-z ./_-]|[^0-9a-z ./_-]$",
        r"[%^\\][0-9a-z]{1,5}$|_x00[01][0-9a-f]_",
        "[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\uff01-\uff5e]",
        r"\([0-9]{2,4}\)",
        r"^(https?://|[a-z0-9-]+(\.[a-z0-9-]+)+/)",
        r"0[123][0-9]{14}",
        r"^[0-9]{8,13}\]e[12]",
        "^[0-9]+[ \u00a0\u2009\u202f\u2010-\u2015\u2212-][^a-z]*[0-9]$",
    )
)
_LONG_DIGITS = "^[0-9]{10,20}$"
_CODES = (("articles", "sku"), ("barcodes", "code"))


def upgrade() -> None:
    telling = _TELLING.replace(":", "\\:")
    for table, code in _CODES:
        op.create_index(
            f"ix_{table}_telling",
            table,
            [code],
            schema="tasks",
            postgresql_where=sa.text(f"{code} ~* '{telling}'"),
        )
        op.create_index(
            f"ix_{table}_long_digits",
            table,
            [code],
            schema="tasks",
            postgresql_ops={code: "text_pattern_ops"},
            postgresql_where=sa.text(f"{code} ~ '{_LONG_DIGITS}'"),
        )


def downgrade() -> None:
    for table, _ in _CODES:
        for what in ("long_digits", "telling"):
            op.drop_index(f"ix_{table}_{what}", table, schema="tasks")
