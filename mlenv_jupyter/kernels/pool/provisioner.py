"""The provisioner of a server with a pool: Jupyter's own, which takes a kernel that waits."""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from mlenv_jupyter.kernels.pool.pool import POOL, KernelPool


class PooledProvisioner(LocalProvisioner):
    """Starts kernels as ever; the first start of one may be that of a kernel which waits.

    The kernel is the server's like any other: its id, its connection file, its interrupts. A
    restart is an ordinary one.
    """

    _taken: Any = None
    _began = False

    @property
    def _pool(self) -> KernelPool | None:
        found: KernelPool | None = getattr(getattr(self.parent, "parent", None), POOL, None)
        return found

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Take one that waits, before its ports are written to the connection file."""
        manager = self.parent
        if self._pool is not None and not self._began:
            self._taken = await self._pool.take(manager, kwargs)
            # Those of the taken one are in use, and are not to be chosen anew.
            self.ports_cached = self._taken is not None or self.ports_cached
        self._began = True
        try:
            return await super().pre_launch(**kwargs)
        except BaseException:
            if self._taken is not None:
                self._taken.kill()
            raise

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start it, unless one was taken."""
        if self._taken is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self._taken = self._taken, None
        self.pid = self.process.pid
        self.pgid = os.getpgid(self.process.pid)
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Not wait for the end of a kernel that was asked to end: who switches waits for the next.

        The pool sees to it that it ends.
        """
        await super().shutdown_requested(restart=restart)
        if self._pool is not None and not restart and self.process is not None:
            self._pool.see_off(self.process)
            self.process = None
