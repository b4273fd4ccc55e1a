"""What Alembic runs for every command: the connection comes from ``upgrade``."""

from __future__ import annotations

from alembic import context

from mlenv_jupyter.registry import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    version_table=tables.SCHEMA,
    render_as_batch=True,
)
context.run_migrations()
