"""The tables of the registry. Alembic's migrations make them; a test holds both equal."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
)

HEAD = "0004"
"""The newest migration; Alembic is imported only where a database is behind it."""

SCHEMA = "mlenv_schema"
"""Alembic's own table."""

revision = table(SCHEMA, column("version_num", String(32))).c.version_num
"""The migration that a database is at."""

metadata = MetaData()

environments = Table(
    "environments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("description", Text, nullable=False, server_default=""),
    Column("tags", Text, nullable=False, server_default="{}"),
    Column("created_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    # The newest version is kept here: "latest of each" over all versions takes 63 ms at 100,000.
    Column("latest_id", Integer),
    Column("ready_version", String(128)),
    # Those that are not archived.
    Column("version_count", Integer, nullable=False, server_default="0"),
    # The highest number that was ever given: none is given twice.
    Column("last_number", Integer, nullable=False, server_default="0"),
    # What a search looks at, lower case (latest.py); search.py has the index over it.
    Column("search", Text, nullable=False, server_default=""),
    Column("archived_at", String(32)),
    # The version that was rolled back to, until the next one is registered.
    Column("rolled_back_to", Integer),
    Index("ix_environments_updated", "updated_at", "id"),
    Index("ix_environments_shown", "archived_at", "updated_at", "id"),
)

locks = Table(
    "locks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, index=True),
    Column("python", String(16), nullable=False),
    # zlib of the universal lock as JSON, and of the addresses by sha256; the latter never leave.
    Column("packages", LargeBinary, nullable=False),
    Column("addresses", LargeBinary),
    Column("created_at", String(32), nullable=False),
    Column("checksum", String(64), nullable=False, server_default=""),
)

platform_locks = Table(
    "platform_locks",
    metadata,
    Column("lock_id", Integer, ForeignKey("locks.id"), primary_key=True),
    Column("python", String(32), primary_key=True),
    Column("platform", String(64), primary_key=True),
    Column("lock_digest", String(64), nullable=False, index=True),
    Column("lock", LargeBinary, nullable=False),
    Column("created_at", String(32), nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "environment_id",
        Integer,
        ForeignKey("environments.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("number", Integer, nullable=False),
    Column("version", String(128), nullable=False),
    Column("definition", Text, nullable=False),
    Column("definition_id", String(64), nullable=False),
    Column("digest", String(64), nullable=False, index=True),
    Column("lock_id", Integer, ForeignKey("locks.id")),
    Column("author", String(128), nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("created_at", String(32), nullable=False),
    Column("archived_at", String(32)),
    # Over what never changes in a row (checksums.py): damage is found, and edits by hand.
    Column("checksum", String(64), nullable=False, server_default=""),
    UniqueConstraint("environment_id", "number"),
    UniqueConstraint("environment_id", "version"),
    Index("ix_versions_definition", "environment_id", "definition_id"),
)

labels = Table(
    "labels",
    metadata,
    Column(
        "environment_id",
        Integer,
        ForeignKey("environments.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("label", String(64), primary_key=True),
    Column(
        "version_id",
        Integer,
        ForeignKey("versions.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("author", String(128), nullable=False, server_default=""),
    Column("moved_at", String(32), nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column(
        "environment_id",
        Integer,
        ForeignKey("environments.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("at", String(32), nullable=False),
    Column("action", String(16), nullable=False),
    # As text, not as rows: a version that was deleted stays in the history.
    Column("version", String(128)),
    Column("before", String(128)),
    Column("label", String(64)),
    Column("author", String(128), nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Index("ix_history_environment", "environment_id", "id"),
    sqlite_autoincrement=True,
)

builds = Table(
    "builds",
    metadata,
    Column("id", String(32), primary_key=True),
    # By name, not by row: curated environments have no rows, and a build outlives a deletion.
    Column("name", String(128), nullable=False),
    Column("version", String(128), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("record", Text, nullable=False),
    Column("created_at", String(32), nullable=False, index=True),
    Index("ix_builds_version", "name", "version", "created_at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("experiment", String(128), nullable=False),
    # By name, as in builds.
    Column("name", String(128), nullable=False),
    Column("version", String(128), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("record", Text, nullable=False),
    Column("created_at", String(32), nullable=False, index=True),
    Index("ix_runs_experiment", "experiment", "created_at"),
)

models = Table(
    "models",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, index=True),
    Column("record", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("record", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("action", String(16), nullable=False),
    Column("name", String(128), nullable=False),
    Column("version", String(128)),
    Column("ref", String(64)),
    Column("state", String(16)),
    sqlite_autoincrement=True,
)
