"""What follows from the versions of an environment: ``latest``, their count, the search text.

``latest`` means the version that was rolled back to, else the newest one that is not archived.
It follows from the rows and nobody moves it, so whoever registers, archives or deletes settles it
in the same transaction. Rolling back makes no new version: a version is a definition with its
lock, and the same again would be the version that there is.
"""

from __future__ import annotations

import zlib

import msgspec
from sqlalchemy import Connection, func, select, update

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.universal import UniversalLock
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.rows import E, V

L, K = tables.labels, tables.locks


def settle(connection: Connection, environment_id: int, *, updated_at: str | None = None) -> None:
    """Bring ``latest``, the count and the search text up to date."""
    environment = connection.execute(select(E).where(E.c.id == environment_id)).one()
    shown = (V.c.environment_id == environment_id, V.c.archived_at.is_(None))
    back = environment.rolled_back_to
    if back is not None and not connection.scalar(select(V.c.id).where(*shown, V.c.id == back)):
        back = None
    newest = connection.scalar(
        select(V.c.id).where(*shown).order_by(V.c.number.desc(), V.c.id.desc()).limit(1)
    )
    values = {
        "latest_id": back or newest or environment.latest_id,
        "rolled_back_to": back,
        "version_count": connection.scalar(select(func.count()).select_from(V).where(*shown)) or 0,
    }
    if updated_at is not None:
        values["updated_at"] = updated_at
    connection.execute(update(E).where(E.c.id == environment_id).values(**values))
    index(connection, environment_id)


def settle_all(connection: Connection) -> None:
    """The same for every environment: after an upgrade, what follows may follow differently."""
    for environment_id in connection.scalars(select(E.c.id).order_by(E.c.id)).all():
        settle(connection, environment_id)


def index(connection: Connection, environment_id: int) -> None:
    """Write down what a search looks at."""
    connection.execute(
        update(E)
        .where(E.c.id == environment_id)
        .values(search=search_text(connection, environment_id))
    )


def search_text(connection: Connection, environment_id: int) -> str:
    """Name, description, tags, labels, and the packages of the latest version, in lower case."""
    environment = connection.execute(select(E).where(E.c.id == environment_id)).one()
    latest = connection.execute(
        select(V.c.definition, K.c.packages)
        .outerjoin(K, K.c.id == V.c.lock_id)
        .where(V.c.id == environment.latest_id)
    ).first()
    words = [environment.name, environment.description]
    for pair in msgspec.json.decode(environment.tags, type=dict[str, str]).items():
        words += pair
    words += connection.scalars(
        select(L.c.label).where(L.c.environment_id == environment_id).order_by(L.c.label)
    )
    if latest is not None:
        try:
            wanted = msgspec.json.decode(latest.definition, type=Definition).wanted
        except msgspec.DecodeError:
            wanted = ()  # damaged: `mlenv verify` says so, and the rest can still be found
        words += wanted
        words += sorted(_names(latest.packages) - set(wanted))
    return "\n".join(words).lower()


def _names(packed: bytes | None) -> set[str]:
    if packed is None:
        return set()
    lock = msgspec.json.decode(zlib.decompress(packed), type=UniversalLock)
    return {one.name for one in lock.packages}
