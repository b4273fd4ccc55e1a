"""What the configured package indexes have, for whoever types a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import AskedIndexes, ToComplete, ToListReleases

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition


class NamesHandler(ApiHandler):
    """``/packages/names``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """The names that begin with, or hold, what was typed."""
        body = self.body(ToComplete)
        definition = _definition(body)
        answer = self.ask(lambda it: it.index.names(body.text, definition, body.limit), slow=True)
        self.answer(await answer)


class ReleasesHandler(ApiHandler):
    """``/packages/releases``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """The versions of a package, newest first."""
        body = self.body(ToListReleases)
        definition = _definition(body)
        answer = self.ask(lambda it: it.index.releases(body.name, definition), slow=True)
        self.answer(await answer)


def _definition(asked: AskedIndexes) -> Definition:
    from mlenv_jupyter.core.definition import Definition

    extra = list(asked.extra_index_urls)
    return Definition.parse({"pip": {"index_url": asked.index_url, "extra_index_urls": extra}})
