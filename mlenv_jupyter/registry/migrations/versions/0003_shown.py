"""The environments that are shown, newest first, from an index alone."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_environments_shown", "environments", ["archived_at", "updated_at", "id"])
