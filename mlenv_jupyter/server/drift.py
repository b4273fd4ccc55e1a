"""What a running kernel has beyond its Version."""

from __future__ import annotations

import os
from typing import Any, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.server.base import ApiHandler


class DriftHandler(ApiHandler):
    """``/drift/{kernel_id}``"""

    @web.authenticated
    @authorized
    async def get(self, kernel_id: str) -> None:
        """The packages that are added, removed and changed; the kernel may be busy meanwhile."""
        if kernel_id not in self.kernel_manager:
            raise NotFound("There is no such kernel.", where="kernel_id")
        kernel = self.kernel_manager.get_kernel(kernel_id)
        name, pid = kernel.kernel_name, getattr(kernel.provisioner, "pid", None)
        notebook = await self._notebook(kernel_id)
        self.answer(await self.ask(lambda it: it.drifts.of(name, pid=pid, notebook=notebook)))

    async def _notebook(self, kernel_id: str) -> str | None:
        """The file that the kernel was started for, as Jupyter's session tells the kernel."""
        # jupyter-server has types for a part of these only.
        sessions, kernels = cast(Any, self.session_manager), cast(Any, self.kernel_manager)
        for one in await sessions.list_sessions():
            if one["kernel"] and one["kernel"]["id"] == kernel_id:
                directory: str = kernels.cwd_for_path(one["path"])
                return os.path.abspath(os.path.join(directory, one["name"]))
        return None
