"""Items come from others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item_descent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column(
            "how",
            sa.Enum("split", "merge", name="how", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("item_id <> from_id", name=op.f("ck_item_descent_not_itself")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_item_descent_by_id_person")),
        sa.ForeignKeyConstraint(["from_id"], ["item.id"], name=op.f("fk_item_descent_from_id_item")),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_item_descent_group_id_design_group")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_descent_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_descent")),
    )
    with op.batch_alter_table("item_descent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_item_descent_from_id"), ["from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_item_descent_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_item_descent_item_id"), ["item_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("item_descent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_item_descent_item_id"))
        batch_op.drop_index(batch_op.f("ix_item_descent_group_id"))
        batch_op.drop_index(batch_op.f("ix_item_descent_from_id"))

    op.drop_table("item_descent")
