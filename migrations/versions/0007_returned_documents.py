"""Returned documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "returned_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("brought_by_id", sa.Integer(), nullable=False),
        sa.Column("brought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("edited_by", sa.String(length=120), nullable=False),
        sa.Column("made_from", sa.String(length=20), nullable=False),
        sa.Column("is_marked", sa.Boolean(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("proposals", sa.Text(), nullable=False),
        sa.Column("loose", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brought_by_id"], ["person.id"], name=op.f("fk_returned_document_brought_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["design_group.id"], name=op.f("fk_returned_document_group_id_design_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_document")),
    )
    with op.batch_alter_table("returned_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_returned_document_brought_by_id"), ["brought_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_returned_document_group_id"), ["group_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("returned_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_returned_document_group_id"))
        batch_op.drop_index(batch_op.f("ix_returned_document_brought_by_id"))

    op.drop_table("returned_document")
