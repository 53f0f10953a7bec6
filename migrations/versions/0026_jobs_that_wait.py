"""Mails have a time after which they serve nobody, and those to one person in a group go in their order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("lane", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_job_lane"), ["lane"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_lane"))
        batch_op.drop_column("lane")
        batch_op.drop_column("until")
