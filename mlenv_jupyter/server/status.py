"""How the workspace is: asked by every open page, and by whoever watches a server."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.server.base import ApiHandler

if TYPE_CHECKING:
    from mlenv_jupyter.core.version import Check
    from mlenv_jupyter.workspace import Workspace

EXAMINED = "mlenv_examined"
"""The name under which the server's settings hold what was found last."""
FRESH = 3.0
"""Seconds for which all who ask are told what was found last."""


class Examined:
    """What the doctor finds. It starts uv and asks the engine: once, however many ask together."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._checks: tuple[Check, ...] = ()
        self._until = 0.0

    def checks(self, it: Workspace) -> tuple[Check, ...]:
        """What was found at most ``FRESH`` seconds ago."""
        with self._looking:
            if time.monotonic() >= self._until:
                from mlenv_jupyter.doctor import examine

                self._checks = examine(it)
                self._until = time.monotonic() + FRESH
            return self._checks


class StatusHandler(ApiHandler):
    """``/status``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Whether all is well, and what to do where it is not."""
        examined: Examined = self.settings[EXAMINED]
        self.answer(await self.ask(lambda it: _status(it, examined), slow=True))


def _status(it: Workspace, examined: Examined) -> dict[str, Any]:
    from mlenv_jupyter.core.errors import Problem

    status, checks = it.status(), examined.checks(it)
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
