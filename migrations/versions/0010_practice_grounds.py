"""A group may be the practice ground of another; how far each person has come with its tour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "practice_tour",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("put_away_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column(
            "choice",
            sa.Enum(
                "yes",
                "yes_with_reservations",
                "no",
                name="choice",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "choice IS NULL OR choice <> 'no' OR length(reason) > 0", name=op.f("ck_practice_tour_no_needs_reason")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_practice_tour_group_id_design_group")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_practice_tour_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_practice_tour")),
    )
    with op.batch_alter_table("practice_tour", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_practice_tour_person_id"), ["person_id"], unique=False)
    with op.batch_alter_table("design_group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("practises_for_id", sa.Integer(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_design_group_practises_for_id"), ["practises_for_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_design_group_practises_for_id_design_group"), "design_group", ["practises_for_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("design_group", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_design_group_practises_for_id_design_group"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_design_group_practises_for_id"), type_="unique")
        batch_op.drop_column("practises_for_id")

    with op.batch_alter_table("practice_tour", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_practice_tour_person_id"))

    op.drop_table("practice_tour")
