"""Alembic migrations of the registry, run from code: no ini file, any engine."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision, in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif engine.dialect.name == "postgresql":
            # Processes of other machines: the file lock of this home does not stop them.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1836410230)")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
