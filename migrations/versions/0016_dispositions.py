"""What the group did about experts' comments: themes, a second reader, answers, and that experts were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "theme",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_theme_group_id_design_group")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme")),
        sa.UniqueConstraint("group_id", "name", name=op.f("uq_theme_group_id_name")),
    )
    op.create_table(
        "coding",
        sa.Column("remark_id", sa.Integer(), nullable=False),
        sa.Column("coded_by_id", sa.Integer(), nullable=True),
        sa.Column("coded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by_id", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("checked_by_id IS NULL OR checked_by_id <> coded_by_id", name=op.f("ck_coding_two_readers")),
        sa.ForeignKeyConstraint(["checked_by_id"], ["person.id"], name=op.f("fk_coding_checked_by_id_person")),
        sa.ForeignKeyConstraint(["coded_by_id"], ["person.id"], name=op.f("fk_coding_coded_by_id_person")),
        sa.ForeignKeyConstraint(["remark_id"], ["remark.id"], name=op.f("fk_coding_remark_id_remark")),
        sa.PrimaryKeyConstraint("remark_id", name=op.f("pk_coding")),
    )
    op.create_table(
        "disposition",
        sa.Column("remark_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "adopted",
                "adapted",
                "merged",
                "deferred",
                "not adopted",
                name="disposition_outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_disposition_decided_by_id_person")),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_disposition_group_id_design_group")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_disposition_item_id_item")),
        sa.ForeignKeyConstraint(["remark_id"], ["remark.id"], name=op.f("fk_disposition_remark_id_remark")),
        sa.PrimaryKeyConstraint("remark_id", name=op.f("pk_disposition")),
    )
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disposition_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disposition_item_id"), ["item_id"], unique=False)

    op.create_table(
        "remark_theme",
        sa.Column("remark_id", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["remark_id"], ["remark.id"], name=op.f("fk_remark_theme_remark_id_remark")),
        sa.ForeignKeyConstraint(["theme_id"], ["theme.id"], name=op.f("fk_remark_theme_theme_id_theme")),
        sa.PrimaryKeyConstraint("remark_id", "theme_id", name=op.f("pk_remark_theme")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_column("told_at")

    op.drop_table("remark_theme")
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disposition_item_id"))
        batch_op.drop_index(batch_op.f("ix_disposition_group_id"))

    op.drop_table("disposition")
    op.drop_table("coding")
    op.drop_table("theme")
