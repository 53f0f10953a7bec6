"""Key identities of experts by the secret.

A migration does not know the secret, so rows of the old form cannot be taken along; none was ever in a release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _columns() -> list[sa.Column[str]]:
    return [
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("email", sa.String(length=300), nullable=False),
        sa.Column("role", sa.String(length=300), nullable=False),
        sa.Column("organisation", sa.String(length=300), nullable=False),
    ]


def upgrade() -> None:
    op.drop_table("expert_identity")
    op.create_table(
        "expert_identity",
        sa.Column("key", sa.String(length=64), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_expert_identity")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("expert_identity")
    op.create_table(
        "expert_identity",
        sa.Column("expert_id", sa.Integer(), nullable=False),
        *_columns(),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["expert.id"], name=op.f("fk_expert_identity_expert_id_expert"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("expert_id", name=op.f("pk_expert_identity")),
    )
