"""What becomes of versions: labels, history, roll back, refresh, archive."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import Items, PageQuery, ToLabel, ToRefresh, ToRollBack, Why


class LabelsHandler(ApiHandler):
    """``/environments/{name}/labels``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Every label, ``latest`` first."""
        self.answer(Items(items=await self.ask(lambda it: it.lifecycle.labels(name))))


class LabelHandler(ApiHandler):
    """``/environments/{name}/labels/{label}``"""

    @web.authenticated
    @authorized
    async def put(self, name: str, label: str) -> None:
        """Have it mean a version from now on."""
        body, author = self.body(ToLabel), self.author
        self.answer(
            await self.ask(
                lambda it: it.lifecycle.label(
                    name,
                    label,
                    body.version,
                    expected=body.expected,
                    author=author,
                    message=body.message,
                )
            )
        )

    @web.authenticated
    @authorized
    async def delete(self, name: str, label: str) -> None:
        """Take it away."""
        author = self.author
        await self.ask(lambda it: it.lifecycle.unlabel(name, label, author=author))
        self.nothing()


class HistoryHandler(ApiHandler):
    """``/environments/{name}/history``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """A page of what happened, newest first."""
        query = self.query(PageQuery)
        self.answer(
            await self.ask(
                lambda it: it.lifecycle.history(name, limit=query.limit, cursor=query.cursor)
            )
        )


class RollbackHandler(ApiHandler):
    """``/environments/{name}/rollback``"""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Have ``latest`` mean an older version."""
        body, author = self.body(ToRollBack), self.author
        self.answer(
            await self.ask(
                lambda it: it.lifecycle.roll_back(
                    name, body.version, author=author, message=body.message
                )
            )
        )


class ArchiveHandler(ApiHandler):
    """``/environments/{name}/archive``, and of one version."""

    @web.authenticated
    @authorized
    async def post(self, name: str, version: str | None = None) -> None:
        """Take it out of every list."""
        body, author = self.body(Why), self.author
        self.answer(
            await self.ask(
                lambda it: it.lifecycle.archive(name, version, author=author, message=body.message)
            )
        )


class RestoreHandler(ApiHandler):
    """``/environments/{name}/restore``, and of one version."""

    @web.authenticated
    @authorized
    async def post(self, name: str, version: str | None = None) -> None:
        """Put it back."""
        body, author = self.body(Why), self.author
        self.answer(
            await self.ask(
                lambda it: it.lifecycle.restore(name, version, author=author, message=body.message)
            )
        )


class RefreshHandler(ApiHandler):
    """``/environments/{name}/versions/{version}/refresh``"""

    @web.authenticated
    @authorized
    async def post(self, name: str, version: str) -> None:
        """Resolve it anew; the next version, if something else comes of it."""
        body, author = self.body(ToRefresh), self.author
        found = await self.ask(
            lambda it: it.lifecycle.refresh(
                name, version, author=author, message=body.message, dry_run=body.dry_run
            ),
            slow=True,
        )
        at = ("environments", found.version.name, "versions", found.version.version)
        self.answer(found, 201 if found.created else 200, location=at)
