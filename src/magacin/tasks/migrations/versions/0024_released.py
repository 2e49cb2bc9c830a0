"""A requisition knows whether a task serves it: orders without one are found among a year of others.

Revision 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# By whichever statement a task comes to serve a requisition, or does not any more.
_NOTE = """
CREATE FUNCTION tasks.note_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tasks.requisitions r
       SET released = TG_OP = 'INSERT'
     WHERE r.id IN (SELECT requisition_id FROM changed)
       AND r.released <> (TG_OP = 'INSERT')
       AND (TG_OP = 'INSERT'
            OR NOT EXISTS (SELECT FROM tasks.task_requisitions t WHERE t.requisition_id = r.id));
    RETURN NULL;
END $$
"""
_TRIGGERS = (
    """
    CREATE TRIGGER note_released AFTER INSERT ON tasks.task_requisitions
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tasks.note_released()
    """,
    """
    CREATE TRIGGER note_unreleased AFTER DELETE ON tasks.task_requisitions
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tasks.note_released()
    """,
)


def upgrade() -> None:
    op.add_column(
        "requisitions",
        sa.Column("released", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="tasks",
    )
    op.execute(
        "UPDATE tasks.requisitions r SET released = true"
        " WHERE EXISTS (SELECT FROM tasks.task_requisitions t WHERE t.requisition_id = r.id)"
    )
    op.create_index(
        "ix_requisitions_unreleased",
        "requisitions",
        ["id"],
        schema="tasks",
        postgresql_where=sa.text("NOT released"),
    )
    for statement in (_NOTE, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER note_unreleased ON tasks.task_requisitions")
    op.execute("DROP TRIGGER note_released ON tasks.task_requisitions")
    op.execute("DROP FUNCTION tasks.note_released()")
    op.drop_index("ix_requisitions_unreleased", "requisitions", schema="tasks")
    op.drop_column("requisitions", "released", schema="tasks")
