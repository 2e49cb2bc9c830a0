"""A requisition knows whether a task serves it: orders without one are found among a year of others.

Revision 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# By whichever statement a task comes to serve a requisition. Whoever releases one has locked it before.
_NOTE_RELEASED = """
CREATE FUNCTION tasks.note_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tasks.requisitions r SET released = true
     WHERE r.id IN (SELECT requisition_id FROM added) AND NOT r.released;
    RETURN NULL;
END $$
"""
_RELEASED_TRIGGER = """
CREATE TRIGGER note_released AFTER INSERT ON tasks.task_requisitions
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tasks.note_released()
"""
# At the end of the transaction: lines that go from task to task leave their requisition without one for a
# moment, and to note that would lock it after the tasks, where all others lock it before them.
_NOTE_UNRELEASED = """
CREATE FUNCTION tasks.note_unreleased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tasks.requisitions r SET released = false
     WHERE r.id = OLD.requisition_id
       AND NOT EXISTS (SELECT FROM tasks.task_requisitions t WHERE t.requisition_id = r.id);
    RETURN NULL;
END $$
"""
_UNRELEASED_TRIGGER = """
CREATE CONSTRAINT TRIGGER note_unreleased AFTER DELETE ON tasks.task_requisitions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tasks.note_unreleased()
"""


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
    for statement in (_NOTE_RELEASED, _RELEASED_TRIGGER, _NOTE_UNRELEASED, _UNRELEASED_TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER note_unreleased ON tasks.task_requisitions")
    op.execute("DROP TRIGGER note_released ON tasks.task_requisitions")
    op.execute("DROP FUNCTION tasks.note_unreleased()")
    op.execute("DROP FUNCTION tasks.note_released()")
    op.drop_index("ix_requisitions_unreleased", "requisitions", schema="tasks")
    op.drop_column("requisitions", "released", schema="tasks")
