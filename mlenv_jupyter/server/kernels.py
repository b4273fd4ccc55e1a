"""Kernels, and the Pythons that environments can be made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.pooling import POOLING, Pooling
from mlenv_jupyter.server.wire import Items, PoolSize, ToInstall

if TYPE_CHECKING:
    from mlenv_jupyter.kernels.pool.pool import KernelPool
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


class PoolHandler(ApiHandler):
    """``/pool``"""

    @property
    def _pooling(self) -> Pooling:
        return cast(Pooling, self.settings[POOLING])

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The kernels that are kept ready, and how many may be."""
        self.answer(_pool_as_it_is(self._pooling.pool))

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Choose how many are kept ready; it lasts until the server ends."""
        body = self.body(PoolSize)
        self._pooling.choose(body.size, body.memory)
        self.answer(_pool_as_it_is(self._pooling.pool))


class PythonsHandler(ApiHandler):
    """``/python``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The interpreters on this machine."""
        self.answer(await self.ask(_pythons, slow=True))


def _pool_as_it_is(pool: KernelPool) -> dict[str, Any]:
    return {
        "size": pool.size,
        "memory": pool.memory,
        "most": pool.most,
        "starting": pool.starting,
        "kernels": [
            {
                "kernel_name": one.candidate.kernel_name,
                "name": one.candidate.record.name,
                "version": one.candidate.record.version,
                "memory": one.memory,
            }
            for one in pool.waiting.values()
        ],
    }


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
