"""The Workspace as the server reaches it: made on first use, and only ever called in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

T = TypeVar("T")

PREFIX = "mlenv/api"
ACCESS = "mlenv_workspace"
TAILS = "mlenv_logs"
"""The names under which the server's settings hold what its handlers share."""


class WorkspaceAccess:
    """One Workspace per server, behind two lanes of threads.

    Resolving and installing a kernel take seconds; they have a lane of their own, so that a list
    is never behind them.
    """

    def __init__(self, **traits: Any) -> None:
        self._traits: Mapping[str, Any] = traits
        self._workspace: Workspace | None = None
        self._making = threading.Lock()
        self._quick = ThreadPoolExecutor(8, thread_name_prefix="mlenv")
        self._slow = asyncio.Semaphore(4)
        self._kept = False

    async def call(self, function: Callable[[Workspace], T], *, slow: bool = False) -> T:
        """What ``function`` answers, asked in a thread; its MlenvErrors come out here."""
        if slow:
            async with self._slow:
                return await _in_daemon(lambda: self._ask(function))
        return await self.run(lambda: self._ask(function))

    async def run(self, function: Callable[[], T]) -> T:
        """The same for a function that needs no Workspace, such as a read of a file."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, function)

    def close(self) -> None:
        """Take no more calls; those that run end by themselves."""
        self._quick.shutdown(wait=False, cancel_futures=True)

    def _ask(self, function: Callable[[Workspace], T]) -> T:
        answer = function(self._made())
        if not self._kept:
            # What a server imports is there now: most of its objects, and they stay for good. A
            # full collection that looks at each keeps everybody waiting for 130 ms and more, and
            # there is one whenever a thousand sockets come.
            self._kept = True
            if not gc.get_freeze_count():
                gc.freeze()
        return answer

    def _made(self) -> Workspace:
        with self._making:
            if self._workspace is None:
                # Here and not above: no server start should wait for 200 ms of imports.
                from mlenv_jupyter.workspace import Workspace

                self._workspace = Workspace.from_config(**self._traits)
            return self._workspace


async def _in_daemon(function: Callable[[], T]) -> T:
    """What ``function`` answers, in a thread that no server waits for when it ends.

    The interpreter joins the threads of every executor: a resolve that waits for an index would
    keep a stopped server for minutes.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        outcome: Callable[[], None]
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            outcome = partial(_settle, future, future.set_exception, error)
        else:
            outcome = partial(_settle, future, future.set_result, result)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(outcome)

    threading.Thread(target=work, name="mlenv-slow", daemon=True).start()
    return await future


def _settle(future: asyncio.Future[T], how: Callable[[Any], None], value: Any) -> None:
    if not future.done():
        how(value)
