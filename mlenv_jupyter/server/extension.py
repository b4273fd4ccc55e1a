"""The extension of jupyter_server: routes, events, and a Workspace that is made on first use.

Loading it must cost a server less than 15 ms: nothing here imports the registry, or anything
else that is only needed once somebody asks.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from tornado.routing import PathMatches, Rule
from tornado.web import RequestHandler

from mlenv_jupyter.server.access import ACCESS, PREFIX, TAILS, WorkspaceAccess
from mlenv_jupyter.server.contents import follow_renames
from mlenv_jupyter.server.lazy import LazyRoutes
from mlenv_jupyter.server.pooling import POOLING, Pooling
from mlenv_jupyter.server.watcher import Watcher, register_schemas


class MlenvExtension(ExtensionApp):
    """mlenv in a Jupyter server; ``c.Workspace.…`` of its configuration is the Workspace's,
    ``c.KernelPool.…`` that of the kernels that are kept ready."""

    name = "mlenv"
    watcher: Watcher | None = None
    pooling: Pooling | None = None

    def initialize_settings(self) -> None:
        """Make what the handlers share; the Workspace itself comes with the first request."""
        assert self.serverapp is not None
        access = WorkspaceAccess(config=self.config)
        self.settings[ACCESS] = access
        events = self.serverapp.event_logger
        assert events is not None
        register_schemas(events)
        self.watcher = Watcher(access, events, self.log)
        self.serverapp.io_loop.add_callback(self.watcher.start)
        shared = self.serverapp.web_app.settings
        self.pooling = Pooling(self.config, self.serverapp.kernel_manager, access, shared)
        self.settings[POOLING] = self.pooling
        self.serverapp.io_loop.add_callback(self.pooling.start)
        follow_renames(events, access, self.serverapp.contents_manager, self.log)

    def initialize_handlers(self) -> None:
        """Add the routes; what answers them is imported when somebody asks."""
        assert self.serverapp is not None
        application = self.serverapp.web_app
        place = url_path_join(application.settings["base_url"], PREFIX)
        routes = LazyRoutes(application, self._load)
        rules = [Rule(PathMatches(rf"{place}(?:/.*)?"), routes)]
        application.add_handlers(".*$", rules)  # type: ignore[no-untyped-call]

    def _load(self) -> list[tuple[str, type[RequestHandler]]]:
        from mlenv_jupyter.server.logs import LogTails
        from mlenv_jupyter.server.routes import handlers
        from mlenv_jupyter.server.status import EXAMINED, Examined

        assert self.serverapp is not None
        settings = self.serverapp.web_app.settings
        settings[TAILS] = LogTails(settings[ACCESS])
        settings[EXAMINED] = Examined()
        base_url = settings["base_url"]
        return [(url_path_join(base_url, path), handler) for path, handler in handlers()]

    def current_activity(self) -> dict[str, Any] | None:
        """The builds that run: a server that is idle otherwise must not be culled under them."""
        running = self.watcher.builds_running if self.watcher else 0
        return {"builds": running} if running else None

    async def stop_extension(self) -> None:
        """Stop watching and end what waits; builds go on in their own processes."""
        if self.watcher is None:
            return
        if self.pooling is not None:
            await self.pooling.stop()
        await self.watcher.stop()
        assert self.serverapp is not None
        if tails := self.serverapp.web_app.settings.get(TAILS):
            tails.close()
        self.settings[ACCESS].close()
