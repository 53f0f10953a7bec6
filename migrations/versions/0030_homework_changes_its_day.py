"""When the day of homework was last changed is known, so that calendars see it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# Without batch mode: on SQLite that would copy the table, and lose the triggers that note what is to be searched.


def upgrade() -> None:
    op.add_column("homework", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("homework", "changed_at")
