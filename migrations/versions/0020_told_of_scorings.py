"""Members are told when they are asked to score."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = ("homework", "due", "suggestion", "reply", "mention")


def _allow(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_notification_kind"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_notification_kind"), "kind IN ({})".format(", ".join(f"'{each}'" for each in kinds))
        )


def upgrade() -> None:
    _allow((*BEFORE, "sounding"))


def downgrade() -> None:
    op.execute("DELETE FROM notification WHERE kind = 'sounding'")
    _allow(BEFORE)
