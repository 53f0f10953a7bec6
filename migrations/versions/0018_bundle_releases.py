"""To whom a round's answers were given row by row, by whom, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bundle_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("given_to", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("released_by_id", sa.Integer(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["design_group.id"], name=op.f("fk_bundle_release_group_id_design_group")
        ),
        sa.ForeignKeyConstraint(
            ["released_by_id"], ["person.id"], name=op.f("fk_bundle_release_released_by_id_person")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_bundle_release_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_release")),
    )
    with op.batch_alter_table("bundle_release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bundle_release_round_id"), ["round_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("bundle_release", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bundle_release_round_id"))

    op.drop_table("bundle_release")
