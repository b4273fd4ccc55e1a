"""The pool of a server's kernels, which is made once somebody wants one."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import Config

from mlenv_jupyter.server.access import WorkspaceAccess

if TYPE_CHECKING:
    from mlenv_jupyter.kernels.pool.candidates import Candidate
    from mlenv_jupyter.kernels.pool.pool import KernelPool
    from mlenv_jupyter.workspace import Workspace

POOLING = "mlenv_pool"
"""The name under which the server's settings hold it."""


class Pooling:
    """Nothing is imported, and no process is there, where no pool is configured or chosen."""

    def __init__(
        self, config: Config, kernels: Any, access: WorkspaceAccess, settings: dict[str, Any]
    ) -> None:
        self._config = config
        self._kernels = kernels
        self._access = access
        self._settings = settings

    @cached_property
    def pool(self) -> KernelPool:
        """The pool; only in the server's event loop."""
        from mlenv_jupyter.kernels.pool.candidates import candidates
        from mlenv_jupyter.kernels.pool.pool import KernelPool

        def found(it: Workspace, most: int) -> tuple[Path, list[Candidate]]:
            installed = [one.kernel_name for one in it.kernels() if one.path_exists]
            return it.places.kernels, candidates(it.places.kernels, installed, most)

        async def look(most: int) -> tuple[Path, list[Candidate]]:
            return await self._access.call(lambda it: found(it, most))

        return KernelPool(self._kernels, look, config=self._config)

    def start(self) -> None:
        """Begin, where one is configured."""
        if self._config.KernelPool.get("size", 0):
            self.pool.start()
            self._be_prompt()

    def choose(self, size: int | None, memory: int | None) -> None:
        """Another size and limit of memory, of a pool that may not have begun yet."""
        self.pool.choose(size, memory)
        self._be_prompt()

    async def stop(self) -> None:
        """End what waits."""
        if "pool" in self.__dict__:
            await self.pool.stop()

    def _be_prompt(self) -> None:
        from mlenv_jupyter.server.prompt import have_prompt_connections

        have_prompt_connections(self._settings, wanted=self.pool.size > 0)
