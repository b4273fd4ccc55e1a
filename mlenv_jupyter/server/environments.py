"""Environments and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import ListQuery, NewEnvironment, NewVersion, PageQuery, ToDescribe

if TYPE_CHECKING:
    from mlenv_jupyter.core.version import Environment, Page, Version
    from mlenv_jupyter.workspace import Workspace


class EnvironmentsHandler(ApiHandler):
    """``/environments``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A page of them."""
        query = self.query(ListQuery)
        page = await self.ask(lambda it: _list(it, query))
        if not await self.may_write():
            items = tuple(_unchangeable(one) for one in page.items)
            page = msgspec.structs.replace(page, items=items)
        self.answer(page)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Register the first version of a new name."""
        body, author = self.body(NewEnvironment), self.author
        made, _ = await self.ask(lambda it: _create(it, body, author))
        self.answer(made, 201, location=("environments", made.name, "versions", made.version))


class EnvironmentHandler(ApiHandler):
    """``/environments/{name}``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """One environment with the newest of its versions."""
        query = self.query(PageQuery)
        environment, page = await self.ask(
            lambda it: (it.environment(name), _versions(it, name, query))
        )
        if not await self.may_write():
            environment = _unchangeable(environment)
        self.answer({"environment": environment, "versions": page.items, "next": page.next})

    @web.authenticated
    @authorized
    async def put(self, name: str) -> None:
        """Change description and tags, which are no part of a version."""
        body, author = self.body(ToDescribe), self.author
        self.answer(await self.ask(lambda it: _describe(it, name, body, author)))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Forget the name; what was built stays until it is collected."""
        await self.ask(lambda it: it.delete(name))
        self.nothing()


class VersionsHandler(ApiHandler):
    """``/environments/{name}/versions``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """A page of the versions, newest first."""
        query = self.query(PageQuery)
        self.answer(await self.ask(lambda it: _versions(it, name, query)))

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Register the next version, or answer the one that is the same."""
        body, author = self.body(NewVersion), self.author
        made, new = await self.ask(lambda it: _extend(it, name, body, author))
        at = ("environments", made.name, "versions", made.version)
        self.answer(made, 201 if new else 200, location=at)


class VersionHandler(ApiHandler):
    """``/environments/{name}/versions/{version}``"""

    @web.authenticated
    @authorized
    async def get(self, name: str, version: str) -> None:
        """One version, whole."""
        self.answer(await self.ask(lambda it: it.version(name, version)))

    @web.authenticated
    @authorized
    async def delete(self, name: str, version: str) -> None:
        """Forget a version that nothing uses."""
        author = self.author
        await self.ask(lambda it: it.lifecycle.delete_version(name, version, author=author))
        self.nothing()


class ImageHandler(ApiHandler):
    """``/environments/{name}/versions/{version}/image``"""

    @web.authenticated
    @authorized
    async def get(self, name: str, version: str) -> None:
        """The image of a version."""
        self.answer(await self.ask(lambda it: it.image_details(name, version), slow=True))


class CatalogueHandler(ApiHandler):
    """``/catalogue``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The curated environments, and what is wrong with a team's own."""
        items, problems = await self.ask(
            lambda it: (it.catalogue(), it.registry.catalogue.look().problems)
        )
        self.answer({"items": items, "problems": problems})


def _unchangeable(environment: Environment) -> Environment:
    """As it is to whoever may not change it."""
    return msgspec.structs.replace(environment, read_only=True)


def _list(it: Workspace, query: ListQuery) -> Page[Environment]:
    from mlenv_jupyter.core.version import Page

    if query.source != "catalogue":
        return it.environments(
            query.q, limit=query.limit, cursor=query.cursor, archived=query.archived
        )
    words = query.q.lower().split()
    items = tuple(
        one
        for one in it.catalogue()
        if all(word in f"{one.name} {one.description}".lower() for word in words)
    )
    return Page(items=items, total=len(items))


def _create(it: Workspace, body: NewEnvironment, author: str) -> tuple[Version, bool]:
    from mlenv_jupyter.core.definition import Definition

    return it.register(
        body.name,
        Definition.parse(msgspec.json.decode(body.definition)),
        description=body.description,
        tags=body.tags,
        message=body.message,
        author=author,
        new=True,
        version=body.version,
    )


def _extend(it: Workspace, name: str, body: NewVersion, author: str) -> tuple[Version, bool]:
    from mlenv_jupyter.core.definition import Definition

    # Registering makes a name that is not there: a misspelt address must not.
    it.environment(name)
    base = it.version(name, body.base).version if body.base is not None else None
    definition = Definition.parse(msgspec.json.decode(body.definition))
    return it.register(
        name,
        definition,
        message=body.message,
        author=author,
        base=base,
        version=body.version,
    )


def _versions(it: Workspace, name: str, query: PageQuery) -> Page[Version]:
    return it.versions_page(name, limit=query.limit, cursor=query.cursor, archived=query.archived)


def _describe(it: Workspace, name: str, body: ToDescribe, author: str) -> Environment:
    return it.lifecycle.describe(
        name,
        description=body.description,
        tags=body.tags,
        author=author,
        message=body.message,
    )
