"""Kernels, the Pythons that environments can be made from, and how the workspace is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.wire import Items, ToInstall

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace


class KernelsHandler(ApiHandler):
    """``/kernels``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The kernels that mlenv installed."""
        self.answer(Items(items=await self.ask(lambda it: it.kernels())))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Install a version as a kernel, or answer the one that is there."""
        b = self.body(ToInstall)
        kernel = await self.ask(
            lambda it: it.install_kernel(b.name, b.version, form=b.form), slow=True
        )
        self.answer(kernel, 201, location=("kernels", kernel.kernel_name))


class KernelHandler(ApiHandler):
    """``/kernels/{kernel_name}``"""

    @web.authenticated
    @authorized
    async def delete(self, kernel_name: str) -> None:
        """Take a kernel of mlenv away; no other is ever touched."""
        await self.ask(lambda it: it.remove_kernel(kernel_name))
        self.nothing()


class PythonsHandler(ApiHandler):
    """``/python``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The interpreters on this machine."""
        self.answer(await self.ask(_pythons, slow=True))


class StatusHandler(ApiHandler):
    """``/status``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Whether all is well, and what to do where it is not."""
        self.answer(await self.ask(_status, slow=True))


def _pythons(it: Workspace) -> dict[str, Any]:
    managed = str(it.places.pythons)
    return {
        "items": [
            {
                "version": one.version,
                "path_kind": "managed" if one.path.startswith(managed) else "found",
            }
            for one in it.pythons()
        ],
        "default": it.default_python,
    }


def _status(it: Workspace) -> dict[str, Any]:
    from mlenv_jupyter.core.errors import Problem
    from mlenv_jupyter.doctor import examine

    status, checks = it.status(), examine(it)
    problems = [
        Problem(code="check_failed", message=one.message, remedy=one.remedy, where=one.name)
        for one in checks
        if not one.ok
    ]
    return {
        "version": status.version,
        "home_ok": all(one.ok for one in checks if one.name == "home"),
        "disk_free": status.disk_free,
        "builds_running": status.builds_running,
        "problems": problems,
        "checks": checks,
    }
