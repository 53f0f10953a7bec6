"""Which answers to comments their experts have been told, answer by answer instead of by the time of the last mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    seat_of = (
        "FROM remark JOIN seat ON seat.expert_id = remark.expert_id AND seat.round_id = remark.round_id "
        "WHERE remark.id = disposition.remark_id AND seat.told_at >= disposition.decided_at"
    )
    op.execute(f"UPDATE disposition SET told_at = (SELECT seat.told_at {seat_of})")  # noqa: S608  our own names
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_column("told_at")


def downgrade() -> None:
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    given = (
        "FROM disposition JOIN remark ON remark.id = disposition.remark_id "
        "WHERE remark.expert_id = seat.expert_id AND remark.round_id = seat.round_id"
    )
    op.execute(f"UPDATE seat SET told_at = (SELECT max(disposition.told_at) {given})")  # noqa: S608  our own names
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.drop_column("told_at")
