"""Names in one form: accents in one character with their letter.

Two that differ by that alone stay as they are: which of them is right is for people to say, and the one that
is in that form already is what is found from now on.

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NAMES = (("articles", "sku"), ("barcodes", "code"), ("requisitions", "number"), ("locations", "code"))


def upgrade() -> None:
    for table, name in _NAMES:
        # Where several become alike, the first of them is the one that is changed.
        op.execute(
            sa.text(
                f"UPDATE tasks.{table} AS one SET {name} = normalize(one.{name}, NFC)"  # noqa: S608  names above
                f" WHERE one.{name} IS NOT NFC NORMALIZED"
                f" AND NOT EXISTS (SELECT FROM tasks.{table} AS other WHERE other.ctid <> one.ctid"
                f" AND normalize(other.{name}, NFC) = normalize(one.{name}, NFC)"
                f" AND (other.{name} IS NFC NORMALIZED OR other.{name} < one.{name}))"
            )
        )


def downgrade() -> None:
    """Leave the names: who wrote them how is not known any more."""
