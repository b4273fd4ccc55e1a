"""Builds and their logs."""

from __future__ import annotations

import asyncio
import contextlib

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import Items, LimitQuery, LogQuery, ToBuild

KEEP_ALIVE = 15.0
"""Seconds of silence after which a blank line is sent."""


class BuildsHandler(ApiHandler):
    """``/builds``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The newest builds."""
        q = self.query(LimitQuery)
        self.answer(Items(items=await self.ask(lambda it: it.builds(limit=q.limit))))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Build a version, join the build of it that runs, or answer that it is built."""
        b, author = self.body(ToBuild), self.author
        build = await self.ask(
            lambda it: it.build(
                b.name,
                b.version,
                force=b.force,
                cache=b.cache,
                push=b.push,
                form=b.form,
                author=author,
            )
        )
        self.answer(build, 202, location=("builds", build.id))


class BuildHandler(ApiHandler):
    """``/builds/{id}``"""

    @web.authenticated
    @authorized
    async def get(self, build_id: str) -> None:
        """One build."""
        self.answer(await self.ask(lambda it: it.build_of(build_id)))

    @web.authenticated
    @authorized
    async def delete(self, build_id: str) -> None:
        """Ask it to stop."""
        self.answer(await self.ask(lambda it: it.cancel(build_id)), 202)


class BuildLogHandler(ApiHandler):
    """``/builds/{id}/log``"""

    _streaming: asyncio.Task[None] | None = None

    @web.authenticated
    @authorized
    async def get(self, build_id: str) -> None:
        """The log from a byte on, as it is on disk; with ``follow`` until the build has ended."""
        query = self.query(LogQuery)
        self._streaming = asyncio.create_task(self._stream(build_id, query))
        # The client may leave at any time; that ends the task and is no error.
        with contextlib.suppress(StreamClosedError, asyncio.CancelledError):
            await self._streaming

    def on_connection_close(self) -> None:
        """The client has left."""
        super().on_connection_close()
        if self._streaming is not None:
            self._streaming.cancel()

    async def _stream(self, build_id: str, query: LogQuery) -> None:
        async with self.tails.open(build_id, query.from_) as (tail, at):
            self.set_header("Content-Type", "application/x-ndjson")
            self.set_header("Cache-Control", "no-store")
            # Or nginx would hold the lines back until it has a buffer full of them.
            self.set_header("X-Accel-Buffering", "no")
            await self.flush()
            while True:
                if query.follow and not await tail.wait(at, KEEP_ALIVE):
                    self.write(b"\n")
                    await self.flush()
                    continue
                data = await tail.read(at)
                if not data and (tail.ended or not query.follow):
                    break
                at += len(data)
                self.write(data)
                await self.flush()
        await self.finish()
