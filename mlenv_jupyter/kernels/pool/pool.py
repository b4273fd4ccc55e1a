"""The pool: kernels of the most recently used environments, started before anybody asks.

An optimisation and nothing else: wherever there is a doubt, the kernel starts as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets import Int
from traitlets.config import LoggingConfigurable

from mlenv_jupyter.kernels.pool.candidates import Candidate
from mlenv_jupyter.kernels.pool.claim import sweep_waiting
from mlenv_jupyter.kernels.pool.waiting import SESSION, Unfit, Waiting, ended

POOL = "mlenv_pool"
"""The attribute of the server's kernel manager that the provisioner finds the pool by."""
PROVISIONER, ORDINARY = "mlenv-pool", "local-provisioner"
EVERY = 5.0
"""Seconds between two looks at what is used and whether what waits is still the same."""
REST = 1.0
"""Seconds after one was taken: the first cell comes before its successor."""
LEAVES = 5.0
"""Seconds that a kernel has to end after it was asked to, as Jupyter gives it."""
MB = 1_000_000


class KernelPool(LoggingConfigurable):
    """Keeps kernels ready for a Jupyter server; every method is called in its event loop."""

    size = Int(
        0, min=0, help="How many kernels are kept ready, of the environments used last; 0: none."
    ).tag(config=True)
    memory = Int(
        1000, min=0, help="The most MB of memory that kernels which nobody uses yet may take."
    ).tag(config=True)
    most = Int(
        5, min=0, help="The largest size that a user may choose in JupyterLab's settings."
    ).tag(config=True)

    def __init__(
        self,
        kernels: Any,
        look: Callable[[int], Awaitable[tuple[Path, list[Candidate]]]],
        **traits: Any,
    ) -> None:
        """``kernels`` is the server's manager of kernels.

        ``look`` answers where launch records are, and so many kernels that are worth it.
        """
        super().__init__(**traits)
        self.configured = (self.size, self.memory)
        self.waiting: dict[str, Waiting] = {}
        self.starting: str | None = None
        self._kernels = kernels
        self._look = look
        self._unfit: dict[str, Candidate] = {}
        self._sizes: dict[str, int] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._swept = False
        self._works: set[asyncio.Task[None]] = set()

    def choose(self, size: int | None, memory: int | None) -> None:
        """Another size and limit of memory; None is what the server was configured with."""
        self.size = self.configured[0] if size is None else min(size, self.most)
        self.memory = self.configured[1] if memory is None else memory
        self.start()

    def start(self) -> None:
        """Begin to keep kernels ready, or look at once at what was chosen anew."""
        self._news.set()
        # Started from within a kernel, a server cannot tell its own notebooks from that one.
        if self._task is None and self.size and SESSION not in os.environ:
            setattr(self._kernels, POOL, self)
            _have_provisioner(PROVISIONER, ORDINARY)
            self._task = asyncio.create_task(self._keep())
            self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """End, with every kernel that waits."""
        task, self._task = self._task, None
        if getattr(self._kernels, POOL, None) is self:
            delattr(self._kernels, POOL)
            _have_provisioner(ORDINARY, PROVISIONER)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._discard(list(self.waiting))
        if self._works:
            await asyncio.wait(self._works)

    def see_off(self, process: Any) -> None:
        """Have a kernel that was asked to end do so, and kill it where it does not."""
        self._meanwhile(ended(process, LEAVES))

    async def take(self, manager: Any, arguments: dict[str, Any]) -> Any:
        """The process of a kernel that is as one that is started now, or None.

        Its ports and keys are put into ``manager``, whose start has ``arguments``.
        """
        found = self.waiting.get(manager.kernel_name)
        if found is None:
            return None
        if doubt := found.doubt(manager, arguments):
            self.log.info("No waiting kernel for %s: %s.", manager.kernel_name, doubt)
            self._look_soon()
            return None
        del self.waiting[manager.kernel_name]
        self._look_soon()
        try:
            process = await found.become(manager, arguments)
        except Unfit as error:
            self.log.info("No waiting kernel for %s: %s", manager.kernel_name, error)
            await found.discard()
            return None
        except BaseException:
            await found.discard()
            raise
        self._meanwhile(found.release())
        return process

    def _meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what nobody waits for, except the end of the pool."""
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)

    def _look_soon(self) -> None:
        asyncio.get_running_loop().call_later(REST, self._news.set)

    async def _keep(self) -> None:
        while True:
            self._news.clear()
            await self._settle()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._news.wait(), EVERY)

    async def _settle(self) -> None:
        """Have those wait that should, and no other."""
        place, wanted = await self._look(self.size)
        if wanted and not self._swept:
            self._swept = True
            overlays = Path(wanted[0].record.overlays)
            await asyncio.get_running_loop().run_in_executor(None, sweep_waiting, overlays)
        names = [one.kernel_name for one in wanted]
        environment = dict(os.environ)
        stale = [
            name
            for name, one in self.waiting.items()
            if name not in names or one.environment != environment or not one.is_same()
        ]
        await self._discard([*stale, *self._too_much(names)])
        for one in wanted:
            name = one.kernel_name
            if name in self.waiting or self._unfit.get(name) == one or not self._has_room(name):
                continue
            await self._start(one, place, environment)
            if self._news.is_set():
                return

    async def _start(self, one: Candidate, place: Path, environment: dict[str, str]) -> None:
        made = Waiting(one, place, environment)
        self.starting = one.kernel_name
        try:
            await made.start(self._kernels, str(Path.home()))
        except Unfit as error:
            self._unfit[one.kernel_name] = one
            self.log.info("%s is not kept ready: %s", one.record.display_name, error)
            await made.discard()
        except BaseException:
            await made.discard()
            raise
        else:
            self._sizes[one.kernel_name] = made.memory
            self.waiting[one.kernel_name] = made
        finally:
            self.starting = None
        if one.kernel_name in self.waiting and self.used > self.memory * MB:
            await self._discard([one.kernel_name])

    @property
    def used(self) -> int:
        """Bytes of memory of the kernels that wait."""
        return sum(one.memory for one in self.waiting.values())

    def _has_room(self, name: str) -> bool:
        return self.used + self._sizes.get(name, 0) <= self.memory * MB

    def _too_much(self, names: list[str]) -> list[str]:
        """Those that go where the limit was lowered: the least recently used ones."""
        left, chosen = self.used, []
        for name in reversed([one for one in names if one in self.waiting]):
            if left <= self.memory * MB:
                break
            left -= self.waiting[name].memory
            chosen.append(name)
        return chosen

    async def _discard(self, names: list[str]) -> None:
        found = [self.waiting.pop(name) for name in names if name in self.waiting]
        await asyncio.gather(*(one.discard() for one in found))

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.log.error("mlenv keeps no kernels ready any longer", exc_info=error)


def _have_provisioner(name: str, instead_of: str) -> None:
    """Have kernels that name no provisioner started by this one; another choice stays."""
    factory = KernelProvisionerFactory.instance()
    if factory.default_provisioner_name == instead_of:
        factory.default_provisioner_name = name
