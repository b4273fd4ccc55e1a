"""Runs, their logs, and services."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from mlenv_jupyter.core.run import RunRequest
from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.logs import POLL, read_lines
from mlenv_jupyter.server.requests import Body
from mlenv_jupyter.server.wire import (
    Asked,
    Items,
    LogQuery,
    RunsQuery,
    ServiceKeys,
    ToAsk,
    ToRenew,
    ToRun,
)

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

MAX_SHOWN = 200_000
"""Bytes of an answer that are passed on."""
KEEP_ALIVE = 15.0
"""Seconds of silence after which a blank line is sent."""


class RunsHandler(ApiHandler):
    """``/runs``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The newest runs."""
        q = self.query(RunsQuery)
        found = await self.ask(lambda it: it.runs.newest(limit=q.limit, name=q.name or None))
        self.answer(Items(items=found))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Run a command in a version; it is built first where it is not."""
        b, author = self.body(ToRun), self.author
        # From where JupyterLab's files are, unless it is a path of the whole machine.
        root = Path(self.settings.get("server_root_dir", ".")).expanduser()
        request = RunRequest(
            experiment=b.experiment or b.name,
            name=b.name,
            version=b.version,
            source_directory=str(root / b.source_directory),
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

        async def ended() -> bool:
            return (await self.ask(lambda it: it.runs.wait(run_id, 0))).ended

        await _send_log(self, path, query, ended)


async def _send_log(
    handler: ApiHandler, path: Path, query: LogQuery, ended: Callable[[], Awaitable[bool]]
) -> None:
    """Send a log from a byte on; with ``follow`` until there is nothing more to come."""
    handler.set_header("Content-Type", "application/x-ndjson")
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("X-Accel-Buffering", "no")
    at, quiet = query.from_, 0.0
    # The client may leave at any time, which is no error.
    with contextlib.suppress(StreamClosedError):
        while True:
            # Asked first: what is written before the end is read after it.
            over = await ended()
            size = path.stat().st_size if path.exists() else 0
            data = await handler.access.run(lambda: read_lines(path, at, size))  # noqa: B023
            at += len(data)
            quiet = 0.0 if data else quiet + POLL
            if data or quiet > KEEP_ALIVE:
                handler.write(data or b"\n")
                await handler.flush()
                quiet = 0.0
            elif over or not query.follow:
                break
            else:
                await asyncio.sleep(POLL)
    await handler.finish()


class RunAgainHandler(ApiHandler):
    """``/runs/{id}/again``"""

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        """Run the same once more."""
        self.body(Body)
        author = self.author
        made = await self.ask(lambda it: it.runs.again(run_id, author=author), slow=True)
        self.answer(made, 202, location=("runs", made.id))


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


class ServiceLogHandler(ApiHandler):
    """``/services/{name}/log``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """The log from a byte on; with ``follow`` until the service is deleted."""
        query = self.query(LogQuery)
        path = await self.ask(lambda it: it.services.log_path(name))

        async def ended() -> bool:
            return not path.parent.exists()

        await _send_log(self, path, query, ended)


class ServiceScoreHandler(ApiHandler):
    """``/services/{name}/score``"""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Ask it, and say what it answered, whatever the status: to try it out."""
        data = self.body(ToAsk).data.encode()
        made = await self.ask(lambda it: it.services.ask(name, data), slow=True)
        body = made.body[:MAX_SHOWN].decode(errors="replace")
        self.answer(
            Asked(
                status=made.status,
                content_type=made.content_type,
                body=body,
                cut=len(made.body) > MAX_SHOWN,
                seconds=made.seconds,
            )
        )


class ServiceKeysHandler(ApiHandler):
    """``/services/{name}/keys``"""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Its keys."""
        self.answer(await self._keys(lambda it: it.services.keys(name)))

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Make one anew; the old one is refused from now on."""
        which = self.body(ToRenew).key
        self.answer(await self._keys(lambda it: it.services.renew_key(name, which)))

    async def _keys(self, function: Callable[[Workspace], tuple[str, ...]]) -> ServiceKeys:
        primary, secondary = await self.ask(function)
        self.set_header("Cache-Control", "no-store")
        return ServiceKeys(primary=primary, secondary=secondary)
