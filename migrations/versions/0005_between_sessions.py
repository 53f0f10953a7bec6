"""Visits, homework, notifications, calendars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_calendar_feed_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_calendar_feed")),
    )
    op.create_table(
        "mail_choice",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "concerns",
                "digest",
                "sessions",
                "none",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_mail_choice_group_id_design_group")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_mail_choice_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_mail_choice")),
    )
    with op.batch_alter_table("mail_choice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_choice_person_id"), ["person_id"], unique=False)

    op.create_table(
        "visit",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_before", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_visit_group_id_design_group")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_visit_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_visit")),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_person_id"), ["person_id"], unique=False)

    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "homework",
                "due",
                "suggestion",
                "reply",
                "mention",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_notification_by_id_person")),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_notification_group_id_design_group")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_notification_item_id_item")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_notification_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("key", name=op.f("uq_notification_key")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index("ix_notification_person_id_read_at", ["person_id", "read_at"], unique=False)
        batch_op.create_index("ix_notification_settled_at_group_id", ["settled_at", "group_id"], unique=False)

    op.create_table(
        "homework",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("comments_until", sa.Date(), nullable=False),
        sa.Column("given_by_id", sa.Integer(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("came_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "came_back_at IS NULL OR meeting_id IS NOT NULL", name=op.f("ck_homework_came_back_to_session")
        ),
        sa.CheckConstraint("comments_until >= due_on", name=op.f("ck_homework_comments_after_due")),
        sa.ForeignKeyConstraint(["given_by_id"], ["person.id"], name=op.f("fk_homework_given_by_id_person")),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_homework_group_id_design_group")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_homework_item_id_item")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_homework_meeting_id_meeting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_homework")),
    )
    with op.batch_alter_table("homework", schema=None) as batch_op:
        batch_op.create_index("ix_homework_group_id_item_id", ["group_id", "item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_homework_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_homework_meeting_id"), ["meeting_id"], unique=False)

    op.create_table(
        "homework_share",
        sa.Column("homework_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(ready IS NULL) = (replied_at IS NULL)", name=op.f("ck_homework_share_replied")),
        sa.ForeignKeyConstraint(["homework_id"], ["homework.id"], name=op.f("fk_homework_share_homework_id_homework")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_homework_share_person_id_person")),
        sa.PrimaryKeyConstraint("homework_id", "person_id", name=op.f("pk_homework_share")),
    )
    with op.batch_alter_table("homework_share", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_homework_share_person_id"), ["person_id"], unique=False)

    # Not in batch mode, which would make the table anew on SQLite without its CHECK constraints.
    op.add_column("meeting", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("cancelled_because", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "cancelled_because")
    op.drop_column("meeting", "cancelled_at")

    with op.batch_alter_table("homework_share", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_homework_share_person_id"))

    op.drop_table("homework_share")
    with op.batch_alter_table("homework", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_homework_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_homework_item_id"))
        batch_op.drop_index("ix_homework_group_id_item_id")

    op.drop_table("homework")
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_index("ix_notification_settled_at_group_id")
        batch_op.drop_index("ix_notification_person_id_read_at")

    op.drop_table("notification")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_person_id"))

    op.drop_table("visit")
    with op.batch_alter_table("mail_choice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mail_choice_person_id"))

    op.drop_table("mail_choice")
    op.drop_table("calendar_feed")
