"""Who wrote the words whose place a suggestion took is kept with it, and which of a text's words came from Word with
the text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("replaced", sa.Text(), nullable=True))
    # What is not kept is told by the log, and kept again with the next change.
    op.execute(
        "UPDATE document SET authors = NULL WHERE id IN (SELECT document_id FROM suggestion"
        " WHERE reason LIKE 'From Word%' AND state IN ('accepted', 'accepted in part'))"
    )


def downgrade() -> None:
    # Suggestions among the authors are nothing that the code before knows.
    op.execute("UPDATE document SET authors = NULL WHERE authors LIKE '%-%'")
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.drop_column("replaced")
