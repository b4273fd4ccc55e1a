"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "environments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(128), nullable=False, unique=True),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("tags", sa.Text, nullable=False, server_default="{}"),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.Column("latest_id", sa.Integer),
        sa.Column("ready_version", sa.String(128)),
        sa.Column("version_count", sa.Integer, nullable=False, server_default="0"),
        sa.Column("search", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_environments_updated", "environments", ["updated_at", "id"])
    op.create_table(
        "locks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("python", sa.String(16), nullable=False),
        sa.Column("packages", sa.LargeBinary, nullable=False),
        sa.Column("addresses", sa.LargeBinary),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_locks_digest", "locks", ["digest"])
    op.create_table(
        "platform_locks",
        sa.Column("lock_id", sa.Integer, sa.ForeignKey("locks.id"), primary_key=True),
        sa.Column("python", sa.String(32), primary_key=True),
        sa.Column("platform", sa.String(64), primary_key=True),
        sa.Column("lock_digest", sa.String(64), nullable=False),
        sa.Column("lock", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_platform_locks_lock_digest", "platform_locks", ["lock_digest"])
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "environment_id",
            sa.Integer,
            sa.ForeignKey("environments.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("definition_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("lock_id", sa.Integer, sa.ForeignKey("locks.id")),
        sa.Column("author", sa.String(128), nullable=False, server_default=""),
        sa.Column("message", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("environment_id", "number"),
        sa.UniqueConstraint("environment_id", "version"),
    )
    op.create_index("ix_versions_definition", "versions", ["environment_id", "definition_id"])
    op.create_index("ix_versions_digest", "versions", ["digest"])
    op.create_table(
        "builds",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_builds_version", "builds", ["name", "version", "created_at"])
    op.create_index("ix_builds_state", "builds", ["state"])
    op.create_index("ix_builds_created_at", "builds", ["created_at"])
    op.create_table(
        "changes",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("version", sa.String(128)),
        sa.Column("ref", sa.String(64)),
        sa.Column("state", sa.String(16)),
        sqlite_autoincrement=True,
    )
