"""Environments that are on this machine already: read only, until one is made reproducible."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.definitions import here_of
from mlenv_jupyter.server.wire import Items, ToAdopt

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace


class AdoptableHandler(ApiHandler):
    """``/adoptable``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What is there: this server's Python, venvs, conda's, pyenv's, those of kernels."""
        near = root_of(self)
        self.answer(Items(items=await self.ask(lambda it: it.adoption.found(near), slow=True)))


class AdoptableOneHandler(ApiHandler):
    """``/adoptable/{id}``"""

    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:
        """What would make it again; nothing is registered."""
        near = root_of(self)
        self.answer(await self.ask(lambda it: _read(it, id, near), slow=True))

    @web.authenticated
    @authorized
    async def post(self, id: str) -> None:
        """Make it reproducible: a version with a lock of what is in it."""
        body, author, near = self.body(ToAdopt), self.author, root_of(self)
        made, created = await self.ask(lambda it: _adopt(it, id, body, author, near), slow=True)
        version = made["version"]
        at = ("environments", version.name, "versions", version.version)
        self.answer(made, 201 if created else 200, location=at)


def root_of(handler: ApiHandler) -> Path:
    """The directory that this server shows; the paths of a request are never taken."""
    return Path(handler.settings.get("server_root_dir") or ".").expanduser()


def _read(it: Workspace, id: str, near: Path) -> dict[str, Any]:
    read = it.adoption.read(Path(it.adoption.existing(id, near).prefix))
    return {
        "name": read.name or "",
        "definition": read.definition,
        "version": read.version,
        "here": here_of(it, read.definition),
        "report": read.report,
        "problems": read.problems,
    }


def _adopt(
    it: Workspace, id: str, body: ToAdopt, author: str, near: Path
) -> tuple[dict[str, Any], bool]:
    prefix = Path(it.adoption.existing(id, near).prefix)
    made = it.adoption.adopt(
        prefix, body.name, description=body.description, message=body.message, author=author
    )
    answer = {
        "version": it.version(made.version.name, made.version.version),
        "locked": made.locked,
        "report": made.read.report,
        "problems": made.read.problems,
    }
    return answer, made.created
