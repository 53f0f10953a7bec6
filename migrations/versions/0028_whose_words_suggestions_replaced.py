"""Who wrote the words whose place a suggestion took is kept with it, and which of a text's words came from Word with
the text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Without batch mode: on SQLite that would copy the table, and lose the triggers that note what is to be searched.


def upgrade() -> None:
    op.add_column("suggestion", sa.Column("replaced", sa.Text(), nullable=True))
    # What is not kept is told by the log, and kept again with the next change. Of a log that is too long to be read at
    # each look, words from Word stay of who brought them in.
    op.execute(
        "UPDATE document SET authors = NULL WHERE id IN (SELECT document_id FROM suggestion"
        " WHERE reason LIKE 'From Word%' AND state IN ('accepted', 'accepted in part')) AND version <= 20000"
    )


def downgrade() -> None:
    # Suggestions among the authors are nothing that the code before knows.
    op.execute("UPDATE document SET authors = NULL WHERE authors LIKE '%-%'")
    op.drop_column("suggestion", "replaced")
