"""An answer to a comment may change the words of several items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disposition_item",
        sa.Column("remark_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_disposition_item_item_id_item")),
        sa.ForeignKeyConstraint(
            ["remark_id"], ["disposition.remark_id"], name=op.f("fk_disposition_item_remark_id_disposition")
        ),
        sa.PrimaryKeyConstraint("remark_id", "item_id", name=op.f("pk_disposition_item")),
    )
    op.create_index(op.f("ix_disposition_item_item_id"), "disposition_item", ["item_id"])
    op.execute(
        "INSERT INTO disposition_item (remark_id, item_id) "
        "SELECT remark_id, item_id FROM disposition WHERE item_id IS NOT NULL"
    )
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_disposition_item_id"))
        batch_op.drop_constraint(op.f("fk_disposition_item_id_item"), type_="foreignkey")
        batch_op.drop_column("item_id")


def downgrade() -> None:
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.add_column(sa.Column("item_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_disposition_item_id_item"), "item", ["item_id"], ["id"])
        batch_op.create_index(op.f("ix_disposition_item_id"), ["item_id"])
    op.execute(
        "UPDATE disposition SET item_id = (SELECT min(disposition_item.item_id) FROM disposition_item "
        "WHERE disposition_item.remark_id = disposition.remark_id)"
    )
    op.drop_table("disposition_item")
