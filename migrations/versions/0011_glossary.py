"""The glossary: defined terms, their wordings, those that a version was locked with; found by searching."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MESSAGE = "a frozen version cannot be changed"
WATCHED = "name, forms, definition"


def wall() -> None:
    """Refuse UPDATE and DELETE of the terms of frozen versions, as 0001 does of their items."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER version_term_no_{verb.lower()} BEFORE {verb} ON version_term "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER version_term_frozen BEFORE UPDATE OR DELETE ON version_term "
        "FOR EACH ROW EXECUTE FUNCTION refuse_frozen()"
    )


def watch() -> None:
    """Have the database note which terms have new words, as 0008 does for what else can be found."""
    changed = f"UPDATE OF {WATCHED}"
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER search_term AFTER INSERT OR DELETE OR {changed} ON term "
            "FOR EACH ROW EXECUTE FUNCTION search_note()"
        )
        return
    for verb, when, row in (("insert", "INSERT", "NEW"), ("update", changed, "NEW"), ("delete", "DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER search_term_{verb} AFTER {when} ON term BEGIN "  # noqa: S608  # own names
            f"INSERT INTO search_due (source, row_id) SELECT 'term', {row}.id WHERE NOT EXISTS "
            f"(SELECT 1 FROM search_due WHERE source = 'term' AND row_id = {row}.id); END"
        )


def upgrade() -> None:
    op.create_table(
        "term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded", sa.String(length=240), nullable=False),
        sa.Column("forms", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("defined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("defined_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(name) > 0 AND length(definition) > 0", name=op.f("ck_term_says_something")),
        sa.CheckConstraint("number > 0", name=op.f("ck_term_numbered")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_term_changed_by_id_person")),
        sa.ForeignKeyConstraint(["defined_by_id"], ["person.id"], name=op.f("fk_term_defined_by_id_person")),
        sa.ForeignKeyConstraint(["group_id"], ["design_group.id"], name=op.f("fk_term_group_id_design_group")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
    )
    with op.batch_alter_table("term", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_term_group_id"), ["group_id"], unique=False)
        batch_op.create_index(
            "uq_term_standing",
            ["group_id", "folded"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "term_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("term_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("forms", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_term_wording_by_id_person")),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_term_wording_term_id_term")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_wording")),
        sa.UniqueConstraint("term_id", "number", name=op.f("uq_term_wording_term_id_number")),
    )
    op.create_table(
        "version_term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("forms", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.CheckConstraint("length(name) > 0 AND length(definition) > 0", name=op.f("ck_version_term_says_something")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_version_term_version_id_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_term")),
        sa.UniqueConstraint("version_id", "name", name=op.f("uq_version_term_version_id_name")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_version_term_version_id_position")),
    )
    wall()
    watch()


def downgrade() -> None:
    # What was filed of terms goes with them: an older server knows no such kind.
    sqlite = op.get_bind().dialect.name == "sqlite"
    key = "rowid" if sqlite else "id"
    op.execute(f"DELETE FROM search_words WHERE {key} IN (SELECT id FROM search_entry WHERE kind = 'term')")  # noqa: S608  # one of two names
    op.execute("DELETE FROM search_entry WHERE kind = 'term'")
    op.execute("DELETE FROM search_due WHERE source = 'term'")
    op.drop_table("version_term")
    op.drop_table("term_wording")
    with op.batch_alter_table("term", schema=None) as batch_op:
        batch_op.drop_index("uq_term_standing")
        batch_op.drop_index(batch_op.f("ix_term_group_id"))

    op.drop_table("term")
