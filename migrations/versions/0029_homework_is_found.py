"""What homework asks and what was answered is found by searching."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

#: Table, columns with words, and what names the piece of homework: an answer is found as the homework it is to.
WATCHED = (("homework", "asked, withdrawn_at", "id"), ("homework_share", "words", "homework_id"))


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:  # as search_note() of 0008, for rows that have no number of their own
        op.execute(
            "CREATE FUNCTION search_note_answer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO search_due (source, row_id) VALUES (TG_TABLE_NAME, coalesce(NEW.homework_id, OLD.homework_id))"
            " ON CONFLICT (source, row_id) DO UPDATE SET source = excluded.source; RETURN NULL; END $$"
        )
    op.execute("INSERT INTO search_due (source, row_id) SELECT 'homework', id FROM homework")
    for table, columns, key in WATCHED:
        changed = f"UPDATE OF {columns}"
        if not sqlite:
            function = "search_note" if key == "id" else "search_note_answer"
            op.execute(
                f"CREATE TRIGGER search_{table} AFTER INSERT OR DELETE OR {changed} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {function}()"
            )
            continue
        for verb, when, row in (("insert", "INSERT", "NEW"), ("update", changed, "NEW"), ("delete", "DELETE", "OLD")):
            op.execute(
                f"CREATE TRIGGER search_{table}_{verb} AFTER {when} ON {table} BEGIN "  # noqa: S608  # own names
                f"INSERT INTO search_due (source, row_id) SELECT '{table}', {row}.{key} WHERE NOT EXISTS "
                f"(SELECT 1 FROM search_due WHERE source = '{table}' AND row_id = {row}.{key}); END"
            )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, _columns, _key in WATCHED:
        if sqlite:
            for verb in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER search_{table}_{verb}")
        else:
            op.execute(f"DROP TRIGGER search_{table} ON {table}")
    if not sqlite:
        op.execute("DROP FUNCTION search_note_answer()")
    # What was filed goes too: an older server knows no such kind.
    key = "rowid" if sqlite else "id"
    op.execute(f"DELETE FROM search_words WHERE {key} IN (SELECT id FROM search_entry WHERE kind = 'homework')")  # noqa: S608  # one of two names
    op.execute("DELETE FROM search_entry WHERE kind = 'homework'")
    op.execute("DELETE FROM search_due WHERE source IN ('homework', 'homework_share')")
