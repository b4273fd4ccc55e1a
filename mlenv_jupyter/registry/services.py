"""Rows of models and services."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update

from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.core.service import Model, Service
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database

M = tables.models
S = tables.services


class Models:
    """Models, numbered by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, model: Model) -> Model:
        """Write down a model under the next number of its name."""
        with self._database.write() as connection:
            last = connection.scalar(select(func.max(M.c.version)).where(M.c.name == model.name))
            made = msgspec.structs.replace(model, version=(last or 0) + 1)
            connection.execute(
                insert(M).values(
                    name=made.name,
                    version=made.version,
                    digest=made.digest,
                    record=msgspec.json.encode(made).decode(),
                    created_at=made.created_at,
                )
            )
        return made

    def get(self, name: str, version: int | None = None) -> Model:
        """One model, the newest of its name where no number is given; raises NotFound."""
        query = select(M.c.record).where(M.c.name == name).order_by(M.c.version.desc()).limit(1)
        if version is not None:
            query = query.where(M.c.version == version)
        with self._database.read() as connection:
            found = connection.scalar(query)
        if found is None:
            which = name[:80] if version is None else f"{name[:80]}:{version}"
            raise NotFound(f"There is no model {which!r}.", where="model")
        return msgspec.json.decode(found, type=Model)

    def newest(self, limit: int = 50, name: str | None = None) -> tuple[Model, ...]:
        """The newest models."""
        query = select(M.c.record).order_by(M.c.created_at.desc(), M.c.version.desc()).limit(limit)
        if name is not None:
            query = query.where(M.c.name == name)
        with self._database.read() as connection:
            return tuple(msgspec.json.decode(one, type=Model) for one in connection.scalars(query))


class Services:
    """Services by name: what is in their directories is the truth, the row is an index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, service: Service) -> None:
        """Write down a service, or what became of it."""
        values = {"state": service.state, "record": msgspec.json.encode(service).decode()}
        with self._database.write() as connection:
            there = connection.execute(
                update(S).where(S.c.name == service.name).values(**values)
            ).rowcount
            if not there:
                connection.execute(
                    insert(S).values(name=service.name, created_at=service.created_at, **values)
                )
            _note(connection, service, "changed" if there else "created")

    def change(self, name: str, **fields: Any) -> Service:
        """Change fields of a service. Raises NotFound."""
        with self._database.write() as connection:
            found = connection.scalar(select(S.c.record).where(S.c.name == name))
            if found is None:
                raise _missing(name)
            made = msgspec.structs.replace(msgspec.json.decode(found, type=Service), **fields)
            record = msgspec.json.encode(made).decode()
            connection.execute(
                update(S).where(S.c.name == name).values(state=made.state, record=record)
            )
            _note(connection, made, "changed")
        return made

    def get(self, name: str) -> Service:
        """One service; raises NotFound."""
        with self._database.read() as connection:
            found = connection.scalar(select(S.c.record).where(S.c.name == name))
        if found is None:
            raise _missing(name)
        return msgspec.json.decode(found, type=Service)

    def all(self) -> tuple[Service, ...]:
        """Every service, by name."""
        with self._database.read() as connection:
            found = connection.scalars(select(S.c.record).order_by(S.c.name))
            return tuple(msgspec.json.decode(one, type=Service) for one in found)

    def remove(self, name: str) -> None:
        """Forget a service."""
        with self._database.write() as connection:
            found = connection.scalar(select(S.c.record).where(S.c.name == name))
            if found is not None:
                connection.execute(delete(S).where(S.c.name == name))
                _note(connection, msgspec.json.decode(found, type=Service), "deleted")


def _missing(name: str) -> NotFound:
    return NotFound(f"There is no service {name[:80]!r}.", where="name")


def _note(connection: Any, service: Service, action: Any) -> None:
    note(
        connection,
        "service",
        action,
        service.environment,
        version=service.version,
        ref=service.name[:64],
        state=service.state,
    )
