"""What a split or a merge took along is known, and that it was taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item_descent", sa.Column("moved", sa.Text(), nullable=True))
    op.add_column("item_descent", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "item_descent", sa.Column("words_stay", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def downgrade() -> None:
    op.drop_column("item_descent", "words_stay")
    op.drop_column("item_descent", "undone_at")
    op.drop_column("item_descent", "moved")
