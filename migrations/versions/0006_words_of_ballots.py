"""Ballots hold the words that somebody could live with; those cast before hold none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.add_column(sa.Column("words", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("made_for", sa.Integer(), nullable=True))
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.alter_column("words", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_column("made_for")
        batch_op.drop_column("words")
