"""The Workspace as the server reaches it: made on first use, and only ever called in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

T = TypeVar("T")


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
        self._slow = ThreadPoolExecutor(4, thread_name_prefix="mlenv-slow")

    async def call(self, function: Callable[[Workspace], T], *, slow: bool = False) -> T:
        """What ``function`` answers, asked in a thread; its MlenvErrors come out here."""
        lane = self._slow if slow else self._quick
        return await asyncio.get_running_loop().run_in_executor(lane, self._ask, function)

    async def run(self, function: Callable[[], T]) -> T:
        """The same for a function that needs no Workspace, such as a read of a file."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, function)

    def close(self) -> None:
        """Take no more calls; those that run end by themselves."""
        self._quick.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)

    def _ask(self, function: Callable[[Workspace], T]) -> T:
        return function(self._made())

    def _made(self) -> Workspace:
        with self._making:
            if self._workspace is None:
                # Here and not above: no server start should wait for 200 ms of imports.
                from mlenv_jupyter.workspace import Workspace

                self._workspace = Workspace.from_config(**self._traits)
            return self._workspace
