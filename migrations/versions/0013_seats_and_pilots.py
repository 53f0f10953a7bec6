"""Pilot raters try a round; experts withdraw with or without their answers, and are replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pilot_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrew_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("answers_kept", sa.Boolean(), nullable=False, server_default=sa.text("false")))
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_seat_replaces_id_seat"), "seat", ["replaces_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_seat_replaces_id_seat"), type_="foreignkey")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("answers_kept")
        batch_op.drop_column("withdrew_at")
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.drop_column("pilot_at")
