"""Who wrote the words whose place a suggestion took is kept with it, and which of a text's words came from Word with
the text."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Without batch mode: on SQLite that would copy the table, and lose the triggers that note what is to be searched.


def upgrade() -> None:
    op.add_column("suggestion", sa.Column("replaced", sa.Text(), nullable=True))
    # What is not kept is told by the log, and kept again with the next change. Where the log is too long for that,
    # words from Word stay of who brought them in, rather than all of them of nobody.
    op.execute(
        "UPDATE document SET authors = NULL WHERE id IN (SELECT document_id FROM suggestion"
        " WHERE reason LIKE 'From Word%' AND state IN ('accepted', 'accepted in part')) AND version <= 20000"
        " AND (SELECT sum(length(changes)) FROM text_change WHERE document_id = document.id) <= 1000000"
    )


def downgrade() -> None:
    # Suggestions among the authors, below 0, are nothing that the code before knows: whoever made them is.
    bind = op.get_bind()
    kept = bind.execute(sa.text("SELECT id, authors FROM document WHERE authors LIKE '%-%'")).all()
    made = bind.execute(sa.text("SELECT id, author_id FROM suggestion")) if kept else ()
    makers = {each.id: each.author_id for each in made}
    for id_, authors in kept:
        runs: list[int] = []
        numbers = json.loads(authors)
        for units, author in zip(numbers[::2], numbers[1::2], strict=True):
            maker = author if author >= 0 else makers.get(-author) or 0
            if runs and runs[-1] == maker:
                runs[-2] += units
            else:
                runs += [units, maker]
        change = sa.text("UPDATE document SET authors = :authors WHERE id = :id")
        bind.execute(change, {"authors": json.dumps(runs, separators=(",", ":")), "id": id_})
    op.drop_column("suggestion", "replaced")
