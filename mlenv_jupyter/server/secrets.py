"""Secrets, written and listed; no answer ever has a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import Items, NewSecret

if TYPE_CHECKING:
    from mlenv_jupyter.core.secret import Secret
    from mlenv_jupyter.workspace import Workspace


class SecretsHandler(ApiHandler):
    """``/secrets``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Their names and what they are for."""
        self.answer(Items(items=await self.ask(lambda it: it.secrets.list())))


class SecretHandler(ApiHandler):
    """``/secrets/{name}``"""

    @web.authenticated
    @authorized
    async def put(self, name: str) -> None:
        """Set one, or without a value allow it for more."""
        body = self.body(NewSecret)
        self.answer(await self.ask(lambda it: _set(it, name, body)))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Forget one."""
        await self.ask(lambda it: it.secrets.remove(name))
        self.nothing()


def _set(it: Workspace, name: str, body: NewSecret) -> Secret:
    return it.secrets.set(name, body.value, hosts=body.hosts, environments=body.environments)
