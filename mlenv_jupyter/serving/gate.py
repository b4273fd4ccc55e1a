"""The gate: connections to a service's own port go to the container that answers now."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

LIMIT = 64 * 1024
PATIENCE = 30.0
"""Seconds that a connection waits for a container that is started again."""
SETTLE = 0.5
"""Seconds after a change in which what was sent to the last container arrives there."""


class Gate:
    """Takes connections only while a container answers: a process has the socket itself."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening
        self._port: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, port: int | None) -> None:
        """Send new connections to a port of this machine; None: leave them to a process."""
        before, self._port = self._port, port
        if port is not None and self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        if self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._listen(port is not None), self._loop).result(10)
        if before is not None:
            time.sleep(SETTLE)

    def close(self) -> None:
        """Take no more connections."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._listen(False), self._loop).result(10)

    async def _listen(self, wanted: bool) -> None:
        if wanted and self._server is None:
            self._server = await asyncio.start_server(
                self._serve, sock=self._socket.dup(), limit=LIMIT
            )
        elif not wanted and self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await self._connect()
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT)
            except OSError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(0.05)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(LIMIT):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
