"""``/stream``: one WebSocket per browser tab that follows many logs, each from an offset."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, cast

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from mlenv_jupyter.core.errors import Conflict, InvalidRequest, MlenvError
from mlenv_jupyter.server.access import TAILS
from mlenv_jupyter.server.base import AUTH_RESOURCE
from mlenv_jupyter.server.errors import JsonErrors
from mlenv_jupyter.server.logs import LogTails
from mlenv_jupyter.server.requests import decode
from mlenv_jupyter.server.wire import StreamRequest

PING = 15.0
"""Seconds between two pings, which tell a client behind a proxy that the socket lives."""
MAX_FOLLOWED = 64
MAX_MESSAGE = 64 * 1024
MAX_UNREAD = 100
"""Refusals that may wait for a client to read them before its socket is closed."""


class StreamHandler(JsonErrors, WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Each followed log is a task; all tasks of a client take turns, so that it holds one chunk.

    A client that does not read therefore stops its own tasks and nobody else's.
    """

    auth_resource = AUTH_RESOURCE

    def initialize(self) -> None:
        """Nothing is followed yet."""
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._refusals: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._pinging: asyncio.Task[None] | None = None

    def set_default_headers(self) -> None:
        """None: Jupyter's default headers make no sense on a socket."""

    @property
    def max_message_size(self) -> int:
        """Bytes that one message of a client may have."""
        return MAX_MESSAGE

    @property
    def tails(self) -> LogTails:
        """The server's logs."""
        return cast(LogTails, self.settings[TAILS])

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the socket, if the action that Jupyter asks for every socket is granted."""
        if not await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "execute", AUTH_RESOURCE)
        ):
            raise web.HTTPError(403)
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise InvalidRequest(
                "This address is a WebSocket.",
                remedy="Open it as one, or read /builds/{id}/log?follow=1.",
            )
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Keep it alive."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)
        self._pinging = asyncio.create_task(self._ping())

    def on_message(self, message: str | bytes) -> None:
        """Follow a log from an offset, or no longer."""
        data = message.encode() if isinstance(message, str) else message
        try:
            asked = decode(data, StreamRequest)
            self._stop(asked.build)
            if asked.type == "follow":
                if len(self._followed) >= MAX_FOLLOWED:
                    raise Conflict(f"{MAX_FOLLOWED} builds are followed already.")
                task = asyncio.create_task(self._follow(asked.build, asked.from_))
                self._followed[asked.build] = task
        except MlenvError as error:
            if len(self._refusals) >= MAX_UNREAD:
                self.close(1008, "too many messages that cannot be understood")
                return
            refusal = asyncio.create_task(self._refuse("", error))
            self._refusals.add(refusal)
            refusal.add_done_callback(self._refusals.discard)

    def on_close(self) -> None:
        """Leave every log."""
        for build in list(self._followed):
            self._stop(build)
        for task in self._refusals:
            task.cancel()
        if self._pinging is not None:
            self._pinging.cancel()

    def _stop(self, build: str) -> None:
        task = self._followed.pop(build, None)
        if task is not None:
            task.cancel()

    async def _follow(self, build: str, offset: int) -> None:
        try:
            async with self.tails.open(build, offset) as (tail, at):
                while True:
                    await tail.wait(at)
                    async with self._turn:
                        # Read only when it can be sent: what waits for its turn holds no memory.
                        message = await tail.message(at)
                        if message is not None:
                            frame = message.frame
                            await self.tails.send(lambda frame=frame: self._write_frame(frame))  # type: ignore[misc]
                            at = message.to
                    if tail.ended and (at >= tail.size or message is None):
                        break
                state = tail.state
            if state is not None:
                async with self._turn:
                    await self._send({"type": "end", "build": build, "to": at, "state": state})
        except MlenvError as error:
            await self._refuse(build, error)
        finally:
            if self._followed.get(build) is asyncio.current_task():
                del self._followed[build]

    async def _refuse(self, build: str, error: MlenvError) -> None:
        async with self._turn:
            await self._send({"type": "error", "build": build, "error": error.problem()})

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING)
            # Somebody's turn means that bytes are on their way, or that the client reads none.
            if not self._turn.locked():
                async with self._turn:
                    await self._send({"type": "ping"})

    async def _send(self, message: dict[str, object]) -> None:
        await self._write(msgspec.json.encode(message))

    async def _write_frame(self, frame: bytes) -> None:
        """Write what is framed already: Tornado would copy the text once for every client."""
        if self.ws_connection is None:
            raise asyncio.CancelledError
        with contextlib.suppress(StreamClosedError):
            await cast(Any, self.ws_connection).stream.write(frame)

    async def _write(self, data: bytes) -> None:
        with contextlib.suppress(WebSocketClosedError):
            await self.write_message(data)
