"""Which words were taken out of a comment is kept, and the group reads opinions of a hall without such words too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("opinion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shown", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("shows_whom", sa.Boolean(), nullable=False, server_default=sa.text("true")))
        batch_op.add_column(sa.Column("removed", sa.Text(), nullable=False, server_default="[]"))
    with op.batch_alter_table("remark", schema=None) as batch_op:
        batch_op.add_column(sa.Column("removed", sa.Text(), nullable=False, server_default="[]"))
    op.execute("UPDATE opinion SET shown = words WHERE shown_at IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table("remark", schema=None) as batch_op:
        batch_op.drop_column("removed")
    # What was shown only in part was not meant to be read whole.
    op.execute("UPDATE opinion SET shown_at = NULL WHERE shown <> words OR NOT shows_whom")
    with op.batch_alter_table("opinion", schema=None) as batch_op:
        batch_op.drop_column("removed")
        batch_op.drop_column("shows_whom")
        batch_op.drop_column("shown")
