"""Watches a PostgreSQL registry: what others commit is heard, not asked for."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.registry.changes import CHANNEL

if TYPE_CHECKING:
    from psycopg import Connection


class NoticeWatch:
    """The same as CommitWatch for LISTEN and NOTIFY: looks cost no round trip to the server."""

    def __init__(self, address: str) -> None:
        plain = make_url(address).set(drivername="postgresql")
        self._address = plain.render_as_string(hide_password=False)
        self._connection: Connection[Any] | None = None
        self._heard = 0
        self._lock = threading.Lock()

    def version(self) -> int:
        """A number that differs after every commit that changed something. Raises Unavailable.

        Above its lowest 32 bits it is always 1: the database that is named is the same one.
        """
        with self._lock:
            try:
                self._heard += self._look()
            except Unavailable:
                raise
            except Exception as error:
                self._close()
                raise Unavailable(f"The registry cannot be watched now: {error}.") from error
            return 1 << 32 | self._heard

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._close()

    def _look(self) -> int:
        if self._connection is None:
            try:
                import psycopg
            except ModuleNotFoundError as error:
                raise Unavailable(
                    "PostgreSQL needs psycopg, which is not installed.",
                    remedy="Install it: pip install 'mlenv-jupyter[postgres]'.",
                ) from error
            self._connection = psycopg.connect(self._address, autocommit=True)
            self._connection.execute(f"LISTEN {CHANNEL}".encode())
            return 1  # what was committed before it listened
        return len(list(self._connection.notifies(timeout=0)))

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None
