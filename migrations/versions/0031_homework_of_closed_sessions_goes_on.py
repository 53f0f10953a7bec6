"""Open homework that stayed with a closed session, for its item was withdrawn then, is for the next one."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE homework SET meeting_id = NULL WHERE came_back_at IS NULL AND withdrawn_at IS NULL"
        " AND meeting_id IN (SELECT id FROM meeting WHERE state IN ('closed', 'approved'))"
    )


def downgrade() -> None:
    pass  # an older server leaves it where it is
