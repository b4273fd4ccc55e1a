"""What notebooks remember: the stamp of a version, and from a stamp to a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.contents import directory_of
from mlenv_jupyter.server.wire import NearbyQuery, NotebookStamp, StampQuery, ToRestore

if TYPE_CHECKING:
    from pathlib import Path

    from mlenv_jupyter.core.plan import Plan
    from mlenv_jupyter.core.stamp import Stamp
    from mlenv_jupyter.core.version import Version
    from mlenv_jupyter.notebooks.nearby import Used
    from mlenv_jupyter.workspace import Workspace


class StampHandler(ApiHandler):
    """``/environments/{name}/versions/{version}/stamp``"""

    @web.authenticated
    @authorized
    async def get(self, name: str, version: str) -> None:
        """What a notebook in this version should remember."""
        query = self.query(StampQuery)
        self.answer(await self.ask(lambda it: _stamp(it, name, version, query.follows)))


class NearbyHandler(ApiHandler):
    """``/notebooks/nearby``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What the notebooks of a directory of this server remember."""
        query = self.query(NearbyQuery)
        directory = directory_of(self.contents_manager, query.directory)
        items = await self.ask(lambda _: _nearby(directory), slow=True)
        self.answer({"items": items})


class InspectHandler(ApiHandler):
    """``/notebooks/inspect``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """How a notebook's environment can be had here; nothing is fetched, resolved or run."""
        body = self.body(NotebookStamp)
        self.answer(await self.ask(lambda it: _plan(it, body)))


class RestoreHandler(ApiHandler):
    """``/notebooks/restore``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Register what a notebook remembers, as far as it is ticked; building is another step."""
        body, author = self.body(ToRestore), self.author
        self.answer(await self.ask(lambda it: _restore(it, body, author)))


def _stamp(it: Workspace, name: str, version: str, follows: str | None) -> dict[str, Any]:
    from mlenv_jupyter.core.stamp import to_metadata

    return to_metadata(it.notebooks.stamp_of(name, version, follows=follows))


def _nearby(directory: Path | None) -> tuple[Used, ...]:
    from mlenv_jupyter.notebooks.nearby import used_in

    return () if directory is None else used_in(directory)


def _plan(it: Workspace, body: NotebookStamp) -> Plan:
    return it.notebooks.plan(_read(body.stamp, body.lock))


def _restore(it: Workspace, body: ToRestore, author: str) -> Version:
    stamp = _read(body.stamp, body.lock)
    row = it.notebooks.restore(stamp, ticked=body.ticked, name=body.name, author=author)
    return it.version(row.name, row.version)


def _read(stamp: msgspec.Raw, lock: msgspec.Raw | None) -> Stamp:
    from mlenv_jupyter.core.stamp import KEY, read
    from mlenv_jupyter.notebooks.restore import require_stamp

    raw = msgspec.json.decode(stamp)
    if lock is not None and isinstance(raw, dict):
        raw = {**raw, "lock": msgspec.json.decode(lock)}
    return require_stamp(read({KEY: raw}))
