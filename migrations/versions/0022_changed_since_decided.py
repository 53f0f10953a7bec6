"""A version says which of its items were changed since they were decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Without batch mode: on SQLite that would copy the table, and lose the triggers that keep versions as they are.


def upgrade() -> None:
    op.add_column(
        "version_item",
        sa.Column("changed_since_decided", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )


def downgrade() -> None:
    op.drop_column("version_item", "changed_since_decided")
