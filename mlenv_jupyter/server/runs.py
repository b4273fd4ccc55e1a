"""Runs, their logs, and services."""

from __future__ import annotations

import asyncio
import contextlib

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from mlenv_jupyter.core.run import RunRequest
from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.logs import POLL, read_lines
from mlenv_jupyter.server.wire import Items, LimitQuery, LogQuery, ToRun

KEEP_ALIVE = 15.0
"""Seconds of silence after which a blank line is sent."""


class RunsHandler(ApiHandler):
    """``/runs``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The newest runs."""
        q = self.query(LimitQuery)
        self.answer(Items(items=await self.ask(lambda it: it.runs.newest(limit=q.limit))))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Run a command in a version; it is built first where it is not."""
        b, author = self.body(ToRun), self.author
        request = RunRequest(
            experiment=b.experiment or b.name,
            name=b.name,
            version=b.version,
            source_directory=b.source_directory,
            command=b.command,
            target=b.target,
        )
        made = await self.ask(lambda it: it.runs.submit(request, author=author), slow=True)
        self.answer(made, 202, location=("runs", made.id))


class RunHandler(ApiHandler):
    """``/runs/{id}``"""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """One run."""
        self.answer(await self.ask(lambda it: it.runs.get(run_id)))

    @web.authenticated
    @authorized
    async def delete(self, run_id: str) -> None:
        """Ask it to stop."""
        self.answer(await self.ask(lambda it: it.runs.cancel(run_id)), 202)


class RunLogHandler(ApiHandler):
    """``/runs/{id}/log``"""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """The log from a byte on; with ``follow`` until the run has ended."""
        query = self.query(LogQuery)
        path = await self.ask(lambda it: it.runs.log_path(run_id))
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        at, quiet = query.from_, 0.0
        # The client may leave at any time, which is no error.
        with contextlib.suppress(StreamClosedError):
            while True:
                # Asked first: what is written before the end is read after it.
                ended = (await self.ask(lambda it: it.runs.wait(run_id, 0))).ended
                size = path.stat().st_size if path.exists() else 0
                data = await self.access.run(lambda: read_lines(path, at, size))  # noqa: B023
                at += len(data)
                quiet = 0.0 if data else quiet + POLL
                if data or quiet > KEEP_ALIVE:
                    self.write(data or b"\n")
                    await self.flush()
                    quiet = 0.0
                elif ended or not query.follow:
                    break
                else:
                    await asyncio.sleep(POLL)
        await self.finish()


class ServicesHandler(ApiHandler):
    """``/services``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Every service."""
        self.answer(Items(items=await self.ask(lambda it: it.services.all())))


class ServiceHandler(ApiHandler):
    """``/services/{name}``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """One service."""
        self.answer(await self.ask(lambda it: it.services.get(name)))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Stop it and forget it."""
        await self.ask(lambda it: it.services.delete(name), slow=True)
        self.nothing()
