"""Reading the logs of builds as they grow: one watch per file, any number of readers.

``log.jsonl`` is appended by the worker, a process of its own, so its size is polled. Readers get
whole lines in big chunks straight from the file: at one message a line a server reaches 40,000
lines a second, in chunks millions.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest, MlenvError, NotFound
from mlenv_jupyter.server.access import WorkspaceAccess

POLL = 0.05
"""Seconds between two looks at a file's size."""
ASK = 1.0
"""Seconds of silence after which the Workspace is asked whether the build still lives."""
CHUNK = 512 * 1024
"""Bytes of one read, unless a single line is longer."""


KEPT = 8
"""Messages that are kept for followers who are a little behind: 4 MB."""


SENDING = 8
"""Chunks that are on their way at a time, to however many followers.

A hundred that are written in one turn of the event loop are 20 ms in which nobody else is heard,
and a request takes several turns.
"""
TURN = 0.05
"""Seconds after which a follower that does not read gives its place to the next."""


class Message(NamedTuple):
    """Whole lines of a log as a frame of the stream, and the offset that they reach."""

    frame: bytes
    to: int


Messages: TypeAlias = "OrderedDict[tuple[str, int], asyncio.Future[Message | None]]"


class LogTail:
    """One log and how far it is written: whole lines only, and whether anything will follow."""

    def __init__(
        self, access: WorkspaceAccess, build_id: str, path: Path, messages: Messages
    ) -> None:
        self.path = path
        self.size = 0
        self.ended = False
        self.state: str | None = None
        self.readers = 0
        self._access = access
        self._build_id = build_id
        self._raw_size = -1
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._messages = messages

    async def start(self) -> None:
        """Look once, then keep watching."""
        await self._look()
        if not self.ended:
            await self._ask()
        if not self.ended:
            self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Stop watching; whoever waits is told that it has ended."""
        if self._task is not None:
            self._task.cancel()
        self._end()

    def is_of_use(self) -> bool:
        """Whether somebody who comes now sees with it what there is to see."""
        if not self.ended:
            return True
        # Stopped before it had seen an end; or the log went on since, or was compressed.
        return self.state is not None and _size_of(self.path) == self._raw_size

    async def wait(self, offset: int, seconds: float | None = None) -> bool:
        """Wait until there is more than ``offset`` or it has ended; False if time ran out."""
        if self.ended or self.size > offset:
            return True
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._more(offset), seconds)
            return True
        return False

    async def read(self, offset: int) -> bytes:
        """Whole lines from ``offset`` on, at most a chunk."""
        size = self.size
        return await self._access.run(lambda: read_lines(self.path, offset, size))

    async def message(self, offset: int) -> Message | None:
        """The same as a message of the stream, which followers at the same place share."""
        key = (self._build_id, offset)
        made = self._messages.get(key)
        if made is None or (made.done() and not _came(made)):
            size = self.size
            made = asyncio.ensure_future(
                self._access.run(lambda: _message(self._build_id, self.path, offset, size))
            )
            self._messages[key] = made
            while len(self._messages) > KEPT:
                self._messages.popitem(last=False)
        # One of many that leaves must not take it from the others.
        return await asyncio.shield(made)

    async def _more(self, offset: int) -> None:
        while not self.ended and self.size <= offset:
            await self._grown.wait()

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        quiet_since = clock()
        while not self.ended:
            await asyncio.sleep(POLL)
            if await self._look():
                quiet_since = clock()
            elif clock() - quiet_since >= ASK:
                # A worker that was killed writes no result: the Workspace knows by its lock.
                await self._ask()
                quiet_since = clock()

    async def _look(self) -> bool:
        """Whether the file has grown since the last look."""
        raw_size = _size_of(self.path)
        if raw_size == self._raw_size:
            return False
        self._raw_size = raw_size
        size, state = await self._access.run(lambda: last_line(self.path, raw_size))
        self.state = state
        if size != self.size or state is not None:
            self.size = size
            self._wake()
        if state is not None:
            self._end()
        return True

    async def _ask(self) -> None:
        try:
            build = await self._access.call(lambda workspace: workspace.build_of(self._build_id))
        except NotFound:
            self._end()
            return
        except MlenvError:
            # The registry cannot be had now; the log can, and this is asked again in a second.
            return
        if build.ended:
            await self._look()
            self.state = self.state or build.state
            self._end()

    def _end(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


class LogTails:
    """The logs that are being read now, each watched once."""

    def __init__(self, access: WorkspaceAccess) -> None:
        self._access = access
        self._tails: dict[str, LogTail] = {}
        self._messages: Messages = OrderedDict()
        self._starting = asyncio.Lock()
        self._sending = asyncio.Semaphore(SENDING)

    @contextlib.asynccontextmanager
    async def open(self, build_id: str, offset: int) -> AsyncIterator[tuple[LogTail, int]]:
        """The log of a build, and ``offset`` moved to the next line's beginning.

        Raises NotFound, and InvalidRequest for an offset beyond the end.
        """
        # A thousand that come together ask the registry once, not each in a thread of its own.
        tail = self._tails.get(build_id)
        if tail is None or not tail.is_of_use():
            async with self._starting:
                tail = self._tails.get(build_id)
                if tail is None or not tail.is_of_use():
                    path = await self._access.call(lambda workspace: workspace.log_path(build_id))
                    tail = LogTail(self._access, build_id, path, self._messages)
                    await tail.start()
                    self._tails[build_id] = tail
        tail.readers += 1
        try:
            if offset > tail.size:
                raise InvalidRequest(
                    f"The log of build {build_id} has {tail.size} bytes, fewer than {offset}.",
                    where="from",
                    remedy="Begin at 0 again.",
                )
            path = tail.path
            yield tail, await self._access.run(lambda: align(path, offset)) if offset else 0
        finally:
            tail.readers -= 1
            if tail.readers == 0:
                tail.stop()
                if self._tails.get(build_id) is tail:
                    del self._tails[build_id]

    async def send(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write a chunk when it is this follower's turn; wait until it has gone out."""
        async with self._sending:
            writing = asyncio.ensure_future(write())
            await asyncio.wait([writing], timeout=TURN)
        await writing

    def close(self) -> None:
        """End every watch, and with it every reader."""
        for tail in list(self._tails.values()):
            tail.stop()


class _Kind(msgspec.Struct):
    k: str
    d: dict[str, object] = {}


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _came(made: asyncio.Future[Message | None]) -> bool:
    return not made.cancelled() and made.exception() is None and made.result() is not None


def _message(build_id: str, path: Path, start: int, end: int) -> Message | None:
    data = read_lines(path, start, end)
    if not data:
        return None
    to = start + len(data)
    text = data.decode("utf-8", "replace")
    said = {"type": "log", "build": build_id, "from": start, "to": to, "data": text}
    return Message(framed(msgspec.json.encode(said)), to)


def framed(text: bytes) -> bytes:
    """A text as the frame of a WebSocket (RFC 6455, 5.2): made once for all that it is sent to."""
    size = len(text)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 1 << 16:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + text


def read_lines(path: Path, start: int, end: int, size: int = CHUNK) -> bytes:
    """Whole lines of a file between two offsets that are both the beginning of a line."""
    try:
        with path.open("rb") as file:
            data = os.pread(file.fileno(), min(size, end - start), start)
    except FileNotFoundError:
        return b""
    whole = data.rfind(b"\n") + 1
    if whole == 0 and len(data) < end - start and data:
        return read_lines(path, start, end, size * 4)
    return data[:whole]


def last_line(path: Path, size: int) -> tuple[int, str | None]:
    """Where the last whole line ends, and the state of the build if that line is its result."""
    window = 4096
    while True:
        start = max(0, size - window)
        try:
            with path.open("rb") as file:
                data = os.pread(file.fileno(), size - start, start)
        except FileNotFoundError:
            return 0, None
        end = data.rfind(b"\n")
        begin = data.rfind(b"\n", 0, end) if end > 0 else -1
        if begin >= 0 or start == 0:
            break
        window *= 4
    if end < 0:
        return 0, None
    try:
        record = msgspec.json.decode(data[begin + 1 : end], type=_Kind)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return start + end + 1, None
    state = record.d.get("state") if record.k == "result" else None
    return start + end + 1, str(state) if state else None


def align(path: Path, offset: int) -> int:
    """The beginning of the first line at or after an offset."""
    try:
        with path.open("rb") as file:
            file.seek(offset - 1)
            file.readline()
            return file.tell()
    except FileNotFoundError:
        return 0
