"""An extension of a Jupyter server that tells how long its event loop kept others waiting."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from tornado.web import authenticated

EVERY = 0.005
"""Seconds between two looks at the clock."""


class LagHandler(APIHandler):
    """``/lag``: every wait since it was asked last, in seconds, beyond what was asked for."""

    @authenticated
    async def get(self) -> None:
        """Tell, and forget."""
        waits: list[float] = self.settings["lag"]
        self.finish(json.dumps(waits))
        waits.clear()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "bench.lag"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    waits: list[float] = []
    server.web_app.settings["lag"] = waits
    server.web_app.add_handlers(".*$", [("/lag", LagHandler)])  # type: ignore[no-untyped-call]
    server.io_loop.add_callback(_watch, waits)


async def _watch(waits: list[float], *_: Any) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        await asyncio.sleep(EVERY)
        waits.append(max(0.0, clock() - began - EVERY))
