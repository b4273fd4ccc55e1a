"""Locks: what a digest resolved to, for all platforms and for this one."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable
from datetime import datetime, timezone
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import CondaLock, UniversalLock
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.checksums import checksum
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.rows import require_version

L, P, V = tables.locks, tables.platform_locks, tables.versions


class LockRow(NamedTuple):
    """A universal lock, and the address of each file by sha256 (which never leave the registry)."""

    id: int
    lock: UniversalLock
    addresses: dict[str, str]


class PlatformLock(NamedTuple):
    """What a universal lock comes to on one platform."""

    lock_digest: str
    lock: Lock


class Locks:
    """Locks by digest: the first one stays, so that unpinned packages stay as first locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, digest: str, python: str, lock: UniversalLock, addresses: dict[str, str]) -> int:
        """Keep a lock for a digest; the id of the one that is there where somebody was faster."""
        with self._database.write() as connection:
            found = connection.scalar(
                select(L.c.id).where(L.c.digest == digest, L.c.python == python).limit(1)
            )
            if found is not None:
                return int(found)
            return _insert(connection, digest, python, lock, addresses)

    def add_another(
        self, digest: str, python: str, lock: UniversalLock, addresses: dict[str, str]
    ) -> int:
        """Keep one more lock for a digest; the id of the one that is the same, if there is one."""
        same = select(L.c.id).where(
            L.c.digest == digest, L.c.python == python, L.c.packages == _pack(lock)
        )
        with self._database.write() as connection:
            found = connection.scalar(same.limit(1))
            return int(found) if found else _insert(connection, digest, python, lock, addresses)

    def extend(
        self, lock_id: int, platform: str, lock: CondaLock, addresses: dict[str, str]
    ) -> None:
        """Add what a lock comes to on one more of conda's platforms; one that is there stays."""
        with self._database.write() as connection:
            row = connection.execute(select(L).where(L.c.id == lock_id)).one()
            found = _lock_row(row)
            merged = msgspec.structs.replace(found.lock, conda={platform: lock, **found.lock.conda})
            values = {
                "packages": _pack(merged),
                "addresses": _pack({**addresses, **found.addresses}),
            }
            content = {**row._mapping, **values}
            connection.execute(
                update(L)
                .where(L.c.id == lock_id)
                .values(**values, checksum=checksum("locks", content))
            )

    def complete(self, lock_id: int, lock: UniversalLock, addresses: dict[str, str]) -> None:
        """Give a lock the files of all platforms; its versions are the caller's to keep."""
        with self._database.write() as connection:
            row = dict(connection.execute(select(L).where(L.c.id == lock_id)).mappings().one())
            row |= {"packages": _pack(lock), "addresses": _pack(addresses)}
            row["checksum"] = checksum("locks", row)
            connection.execute(update(L).where(L.c.id == lock_id).values(**row))

    def find(self, digest: str, python: str) -> LockRow | None:
        """The newest lock of a digest that was resolved for a Python such as ``3.11``."""
        query = (
            select(L)
            .where(L.c.digest == digest, L.c.python == python)
            .order_by(L.c.id.desc())
            .limit(1)
        )
        return self._one(query)

    def get(self, lock_id: int) -> LockRow | None:
        """One lock by its id."""
        return self._one(select(L).where(L.c.id == lock_id))

    def with_result(self, digest: str, lock_digest: str) -> int | None:
        """The newest lock of a digest that came to this lock digest on some platform."""
        query = (
            select(L.c.id)
            .join(P, P.c.lock_id == L.c.id)
            .where(P.c.lock_digest == lock_digest, L.c.digest == digest)
            .order_by(L.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            found = connection.scalar(query)
        return None if found is None else int(found)

    def digests_in_use(self, also: Iterable[str] = ()) -> set[str]:
        """The lock digests, on every platform, of the locks that a version has.

        ``also`` are digests of definitions that have no version in the registry.
        """
        used = select(V.c.lock_id).where(V.c.lock_id.is_not(None))
        query = select(P.c.lock_digest).join(L, L.c.id == P.c.lock_id)
        query = query.where(or_(P.c.lock_id.in_(used), L.c.digest.in_(list(also))))
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def newest_ids(self, digests: list[str]) -> dict[str, int]:
        """The id of the newest lock of each digest that has one."""
        query = select(L.c.digest, L.c.id).where(L.c.digest.in_(digests)).order_by(L.c.id)
        with self._database.read() as connection:
            return {row.digest: row.id for row in connection.execute(query)}

    def on_platform(self, lock_id: int, platform: str) -> PlatformLock | None:
        """What a lock came to on a platform, newest Python first."""
        query = (
            select(P)
            .where(P.c.lock_id == lock_id, P.c.platform == platform)
            .order_by(P.c.created_at.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return PlatformLock(
            row.lock_digest, msgspec.json.decode(zlib.decompress(row.lock), type=Lock)
        )

    def newest_of_image(self, lock_id: int) -> Lock | None:
        """What a lock last came to in an image; None for one that was no image."""
        query = select(P.c.lock).where(P.c.lock_id == lock_id).order_by(P.c.created_at.desc())
        with self._database.read() as connection:
            for row in connection.execute(query):
                lock = msgspec.json.decode(zlib.decompress(row.lock), type=Lock)
                if lock.base is not None:
                    return lock
        return None

    def of_digest(self, lock_digest: str) -> Lock | None:
        """The lock of a digest or its beginning, on whatever platform."""
        query = select(P.c.lock).where(P.c.lock_digest.startswith(lock_digest)).limit(1)
        with self._database.read() as connection:
            packed = connection.scalar(query)
        return None if packed is None else msgspec.json.decode(zlib.decompress(packed), type=Lock)

    def digests(
        self, lock_ids: Collection[int], platforms: Collection[str]
    ) -> dict[tuple[int, str], str]:
        """The lock digests of many locks on some platforms, by lock id and platform."""
        if not lock_ids:
            return {}
        query = (
            select(P.c.lock_id, P.c.platform, P.c.lock_digest)
            .where(P.c.lock_id.in_(lock_ids), P.c.platform.in_(platforms))
            .order_by(P.c.created_at)
        )
        with self._database.read() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query)}

    def python_of(self, lock_id: int) -> str | None:
        """The Python that a lock was resolved for, such as ``3.11``."""
        with self._database.read() as connection:
            return connection.scalar(select(L.c.python).where(L.c.id == lock_id))

    def set_on_platform(self, lock_id: int, lock_digest: str, lock: Lock) -> None:
        """Remember what a lock came to here; what is remembered already stays."""
        key = (P.c.lock_id == lock_id, P.c.python == lock.python, P.c.platform == lock.platform)
        with self._database.write() as connection:
            if connection.scalar(select(P.c.lock_id).where(*key)) is None:
                connection.execute(
                    insert(P).values(
                        lock_id=lock_id,
                        python=lock.python,
                        platform=lock.platform,
                        lock_digest=lock_digest,
                        lock=_pack(lock),
                        created_at=_now(),
                    )
                )

    def _one(self, query: object) -> LockRow | None:
        with self._database.read() as connection:
            row = connection.execute(query).first()  # type: ignore[call-overload]
        return None if row is None else _lock_row(row)


def _lock_row(row: Any) -> LockRow:
    return LockRow(
        row.id,
        msgspec.json.decode(zlib.decompress(row.packages), type=UniversalLock),
        msgspec.json.decode(zlib.decompress(row.addresses), type=dict[str, str])
        if row.addresses
        else {},
    )


def _insert(
    connection: Connection,
    digest: str,
    python: str,
    lock: UniversalLock,
    addresses: dict[str, str],
) -> int:
    row = {
        "digest": digest,
        "python": python,
        "packages": _pack(lock),
        "addresses": _pack(addresses),
        "created_at": _now(),
    }
    made = connection.execute(insert(L).values(**row, checksum=checksum("locks", row)))
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def _pack(value: object) -> bytes:
    return zlib.compress(msgspec.json.encode(value))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def lock_of_base(
    connection: Connection, environment: RowMapping, base: str | None, digest: str
) -> int | None:
    """The lock of the version that was edited, where the same is to be installed."""
    if base is None or environment["latest_id"] is None:
        return None
    row = require_version(connection, environment, base)
    return row["lock_id"] if row["digest"] == digest else None


def newest_lock(connection: Connection, environment_id: int, digest: str) -> int | None:
    """A lock of the same digest: that of this environment's newest version, or anybody's newest."""
    own = (
        select(V.c.lock_id)
        .where(V.c.environment_id == environment_id, V.c.digest == digest, V.c.lock_id.is_not(None))
        .order_by(V.c.number.desc())
        .limit(1)
    )
    other = select(L.c.id).where(L.c.digest == digest).order_by(L.c.id.desc()).limit(1)
    found = connection.scalar(own) or connection.scalar(other)
    return None if found is None else int(found)
