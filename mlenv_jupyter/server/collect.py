"""Free disk space: what is built and belongs to no version, kernel or notebook any more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import ToCollect

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace


class CollectHandler(ApiHandler):
    """``/collect``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Remove it, or with ``dry_run`` only count it."""
        body = self.body(ToCollect)
        self.answer(await self.ask(lambda it: _collect(it, body.dry_run), slow=True))


def _collect(it: Workspace, dry_run: bool) -> dict[str, Any]:
    found = [one for one in it.collection.collect(dry_run=dry_run) if dry_run or one.removed]
    counts = Counter(one.kind for one in found)
    return {"counts": counts, "size": sum(one.size for one in found), "dry_run": dry_run}
