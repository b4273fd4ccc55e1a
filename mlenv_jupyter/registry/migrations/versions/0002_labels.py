"""Labels, history, archiving, and a checksum of each row that never changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mlenv_jupyter.registry.checksums import add_missing

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("environments", sa.Column("archived_at", sa.String(32)))
    op.add_column("environments", sa.Column("rolled_back_to", sa.Integer))
    op.add_column(
        "environments", sa.Column("last_number", sa.Integer, nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE environments SET last_number = COALESCE("
        "(SELECT MAX(number) FROM versions WHERE environment_id = environments.id), 0)"
    )
    op.add_column("versions", sa.Column("archived_at", sa.String(32)))
    for name in ("versions", "locks"):
        op.add_column(name, sa.Column("checksum", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "labels",
        sa.Column(
            "environment_id",
            sa.Integer,
            sa.ForeignKey("environments.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("label", sa.String(64), primary_key=True),
        sa.Column(
            "version_id",
            sa.Integer,
            sa.ForeignKey("versions.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("author", sa.String(128), nullable=False, server_default=""),
        sa.Column("moved_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_labels_version_id", "labels", ["version_id"])
    op.create_table(
        "history",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "environment_id",
            sa.Integer,
            sa.ForeignKey("environments.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("version", sa.String(128)),
        sa.Column("before", sa.String(128)),
        sa.Column("label", sa.String(64)),
        sa.Column("author", sa.String(128), nullable=False, server_default=""),
        sa.Column("message", sa.Text, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_environment", "history", ["environment_id", "id"])
    op.execute(
        "INSERT INTO history (environment_id, at, action, version, author, message)"
        " SELECT environment_id, created_at, 'registered', version, author, message"
        " FROM versions ORDER BY created_at, id"
    )
    add_missing(op.get_bind())
