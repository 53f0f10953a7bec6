"""Soundings: the group scores its own items twice, in private."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sounding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("question", sa.String(length=300), nullable=False),
        sa.Column("low_words", sa.String(length=60), nullable=False),
        sa.Column("high_words", sa.String(length=60), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "first",
                "talk",
                "second",
                "closed",
                name="sounding_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("first_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_sounding_created_by_id_person")),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_sounding_group_id_design_group")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sounding")),
    )
    with op.batch_alter_table("sounding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sounding_group_id"), ["group_id"], unique=False)

    op.create_table(
        "sounding_item",
        sa.Column("sounding_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("eligible_first", sa.Integer(), nullable=True),
        sa.Column("eligible_second", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_sounding_item_item_id_item")),
        sa.ForeignKeyConstraint(["sounding_id"], ["sounding.id"], name=op.f("fk_sounding_item_sounding_id_sounding")),
        sa.PrimaryKeyConstraint("sounding_id", "item_id", name=op.f("pk_sounding_item")),
    )
    op.create_table(
        "sounding_score",
        sa.Column("sounding_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("pass_number", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("words_sha256", sa.Text(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pass_number IN (1, 2)", name=op.f("ck_sounding_score_two_passes")),
        sa.CheckConstraint("value IS NULL OR value BETWEEN 1 AND 9", name=op.f("ck_sounding_score_value_in_scale")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_sounding_score_item_id_item")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sounding_score_person_id_person")),
        sa.ForeignKeyConstraint(["sounding_id"], ["sounding.id"], name=op.f("fk_sounding_score_sounding_id_sounding")),
        sa.PrimaryKeyConstraint("sounding_id", "item_id", "person_id", "pass_number", name=op.f("pk_sounding_score")),
    )


def downgrade() -> None:
    op.drop_table("sounding_score")
    op.drop_table("sounding_item")
    with op.batch_alter_table("sounding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sounding_group_id"))

    op.drop_table("sounding")
