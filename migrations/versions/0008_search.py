"""Search: what can be found, its words, and triggers that say which rows have changed.

Words that change are noted as due in the same transaction, by the database itself, so that no way of writing can be
forgotten; whoever searches next has them read first. A revision that rebuilds one of these tables on SQLite (batch mode
does) must call ``watch`` for it again: a test asks for each trigger.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: The columns whose words can be found, by table.
WATCHED = {
    "item": ("reference",),
    "document": ("text",),
    "comment": ("words",),
    "suggestion": ("reason", "carried", "answer"),
    "decision": ("sentence", "departs_because"),
    "action": ("what",),
    "meeting": ("title", "aims", "outputs", "place", "cancelled_because"),
    "source": ("cite", "key", "doi"),
    "finding": ("text", "page"),
    "contracting_model": ("name", "definition", "origin", "mechanisms", "used_in", "contributes"),
    "version": ("title", "reason"),
}


def watch(table: str, columns: tuple[str, ...]) -> None:
    """Have the database note which rows of a table have new words."""
    changed = f"UPDATE OF {', '.join(columns)}"
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER search_{table} AFTER INSERT OR DELETE OR {changed} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION search_note()"
        )
        return
    for verb, when, row in (("insert", "INSERT", "NEW"), ("update", changed, "NEW"), ("delete", "DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER search_{table}_{verb} AFTER {when} ON {table} BEGIN "  # noqa: S608  # own names
            f"INSERT INTO search_due (source, row_id) SELECT '{table}', {row}.id WHERE NOT EXISTS "
            f"(SELECT 1 FROM search_due WHERE source = '{table}' AND row_id = {row}.id); END"
        )


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_due",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("source", "row_id", name=op.f("pk_search_due")),
    )
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("thing_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_search_entry_group_id_design_group")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("kind", "thing_id", name=op.f("uq_search_entry_kind_thing_id")),
    )
    with op.batch_alter_table("search_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_entry_group_id"), ["group_id"], unique=False)
    if sqlite:
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5("
            "head, words, prefix='2 3', tokenize='unicode61 remove_diacritics 0')"
        )
    else:
        op.execute("CREATE TABLE search_words (id integer PRIMARY KEY, words tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_search_words_words ON search_words USING gin (words)")
        # The row is held until its writer commits: whoever reads what is due skips it until then, and loses nothing.
        op.execute(
            "CREATE FUNCTION search_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO search_due (source, row_id) VALUES (TG_TABLE_NAME, coalesce(NEW.id, OLD.id)) "
            "ON CONFLICT (source, row_id) DO UPDATE SET source = excluded.source; RETURN NULL; END $$"
        )
    for table, columns in WATCHED.items():
        op.execute(f"INSERT INTO search_due (source, row_id) SELECT '{table}', id FROM {table}")  # noqa: S608  # own names
        watch(table, columns)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in WATCHED:
        if sqlite:
            for verb in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER search_{table}_{verb}")
        else:
            op.execute(f"DROP TRIGGER search_{table} ON {table}")
    if not sqlite:
        op.execute("DROP FUNCTION search_note()")
    op.execute("DROP TABLE search_words")
    op.drop_table("search_entry")
    op.drop_table("search_due")
