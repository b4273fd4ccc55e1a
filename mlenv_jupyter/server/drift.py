"""What a running kernel has beyond its Version: seen, kept as the next version, or discarded."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.core.errors import Conflict, NotFound
from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import Why

if TYPE_CHECKING:
    from mlenv_jupyter.kernels.drift import Drifts, Own
    from mlenv_jupyter.workspace import Workspace

T = TypeVar("T")


class DriftHandler(ApiHandler):
    """``/drift/{kernel_id}``"""

    @web.authenticated
    @authorized
    async def get(self, kernel_id: str) -> None:
        """The packages that are added, removed and changed; the kernel may be busy meanwhile."""
        self.answer(await self._of(kernel_id, _seen))

    @web.authenticated
    @authorized
    async def post(self, kernel_id: str) -> None:
        """Register what the kernel has as the next version; building is another step."""
        why, author = self.body(Why).message, self.author
        made = await self._of(kernel_id, lambda it, own: it.save(own, message=why, author=author))
        self.answer(made, 201, location=("environments", made.name, "versions", made.version))

    @web.authenticated
    @authorized
    async def delete(self, kernel_id: str) -> None:
        """Empty the kernel's overlay: what was added is gone."""
        # A cell that runs may be installing something at this very moment.
        if self._kernel(kernel_id).execution_state == "busy":
            raise Conflict(
                "The kernel is busy.",
                code="kernel_busy",
                remedy="Wait for the cell that runs, or interrupt it.",
            )
        await self._of(kernel_id, lambda _, own: own.discard())
        self.nothing()

    async def _of(self, kernel_id: str, act: Callable[[Drifts, Own], T]) -> T:
        kernel = self._kernel(kernel_id)
        name, pid = kernel.kernel_name, getattr(kernel.provisioner, "pid", None)
        notebook = await self._notebook(kernel_id)

        def asked(it: Workspace) -> T:
            return act(it.drifts, it.drifts.own(name, pid=pid, notebook=notebook))

        # The engine of a container may be slow to answer.
        return await self.ask(asked, slow=True)

    def _kernel(self, kernel_id: str) -> Any:
        if kernel_id not in self.kernel_manager:
            raise NotFound("There is no such kernel.", where="kernel_id")
        return self.kernel_manager.get_kernel(kernel_id)

    async def _notebook(self, kernel_id: str) -> str | None:
        """The file that the kernel was started for, as Jupyter's session tells the kernel."""
        # jupyter-server has types for a part of these only.
        sessions, kernels = cast(Any, self.session_manager), cast(Any, self.kernel_manager)
        for one in await sessions.list_sessions():
            if one["kernel"] and one["kernel"]["id"] == kernel_id:
                directory: str = kernels.cwd_for_path(one["path"])
                return os.path.abspath(os.path.join(directory, one["name"]))
        return None


def _seen(_: Drifts, own: Own) -> Any:
    from mlenv_jupyter.kernels.drift import drift_of

    return drift_of(own)
