"""Jobs, their rejects and what is staged of them, the outbox.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("spool_name", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("release", sa.Boolean(), nullable=False),
        sa.Column(
            "mapping",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("rows_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_held_back", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_merged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requisitions_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requisitions_created", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requisitions_duplicate", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requisitions_held_back", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "notes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("notes_left_out", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("sent_position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.UUID(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("file_kept", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status <> 'succeeded' OR rows_read = rows_accepted + rows_rejected + rows_held_back",
            name=op.f("ck_jobs_counts_add_up"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'reading', 'sending', 'succeeded', 'failed')",
            name=op.f("ck_jobs_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("spool_name", name=op.f("uq_jobs_spool_name")),
        schema="imports",
    )
    op.create_index(
        "ix_jobs_file_kept",
        "jobs",
        ["id"],
        unique=False,
        schema="imports",
        postgresql_where=sa.text("file_kept"),
    )
    op.create_index(
        "ix_jobs_last_success",
        "jobs",
        ["finished_at"],
        unique=False,
        schema="imports",
        postgresql_where=sa.text("status = 'succeeded'"),
    )
    op.create_index(
        "ix_jobs_unfinished",
        "jobs",
        ["id"],
        unique=False,
        schema="imports",
        postgresql_where=sa.text("status IN ('queued', 'reading', 'sending')"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rooms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        schema="imports",
    )
    op.create_table(
        "rejects",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("requisition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_rejects")),
        schema="imports",
    )
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
    op.create_table(
        "staged_requisitions",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_staged_requisitions")),
        schema="imports",
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("staged_requisitions", schema="imports")
    op.drop_table("staged_lines", schema="imports")
    op.drop_table("rejects", schema="imports")
    op.drop_table("outbox", schema="imports")
    op.drop_table("jobs", schema="imports")
