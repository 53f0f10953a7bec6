"""Remember what was withdrawn together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_with_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_item_withdrawn_with_id_item"), "item", ["withdrawn_with_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("item", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_item_withdrawn_with_id_item"), type_="foreignkey")
        batch_op.drop_column("withdrawn_with_id")
