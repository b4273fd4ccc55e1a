"""What happened in the registry, whoever did it, told on Jupyter's event bus."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_events import EventLogger

from mlenv_jupyter.server.access import WorkspaceAccess

if TYPE_CHECKING:
    from mlenv_jupyter.core.version import Change
    from mlenv_jupyter.kernels.starting import Listener, Word
    from mlenv_jupyter.workspace import Workspace

POLL = 0.2
"""Seconds between two looks at the registry, each of some microseconds."""
RECONCILE = 5.0
"""Seconds between two looks for workers that died, while there are builds."""
PATIENCE = 10.0
"""Seconds to wait after the registry could not be had."""
SETTLE = 1.0
"""Seconds after the start: the imports, all made after that, do not slow the first pages down."""
SCHEMAS = Path(__file__).with_name("events")
SCHEMA = "https://events.mlenv.dev/{kind}"


def register_schemas(events: EventLogger) -> None:
    """Make the events known; before anybody subscribes, or he would not hear of them."""
    for path in sorted(SCHEMAS.glob("*.yaml")):
        events.register_event_schema(path)


class Watcher:
    """Emits an event for each committed change, and looks after builds whose worker died."""

    def __init__(self, access: WorkspaceAccess, events: EventLogger, log: logging.Logger) -> None:
        self.builds_running = 0
        self.watching = asyncio.Event()
        self._access = access
        self._events = events
        self._log = log
        self._last: int | None = None
        self._starting: Listener | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; to be called in the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End, and wait for it; however it ended, that keeps no server from stopping."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        await asyncio.sleep(SETTLE)
        from mlenv_jupyter.core.errors import MlenvError

        while True:
            try:
                await self._watch()
            except MlenvError as error:
                self._log.warning("mlenv cannot watch its registry: %s", error)
            except Exception:  # noqa: BLE001 - open pages are to hear of the next change
                self._log.exception("mlenv's watch of its registry broke; it is begun again")
            await asyncio.sleep(PATIENCE)

    async def _watch(self) -> None:
        """Watch until the registry cannot be had; what was missed then is caught up with."""
        clock = asyncio.get_running_loop().time
        if self._starting is None:
            self._starting = await self._access.call(_listener)
        seen = await self._access.call(lambda it: it.data_version())
        if seen:
            # Where there is no registry yet, none is made by looking at it.
            if self._last is None:
                self._last = await self._access.call(lambda it: it.last_change())
            await self._reconcile()
            await self._tell()
        else:
            self._last = 0
        reconciled = clock()
        self.watching.set()
        while True:
            await asyncio.sleep(POLL)
            for word, starts in self._starting.news():
                self._emit_start(word, starts)
            now = await self._access.call(lambda it: it.data_version())
            if now >> 32 != seen >> 32:
                self._last = 0  # another registry, or none, in the place of one that was purged
            if now and now != seen:
                await self._count()
                await self._tell()
            seen = now
            if self.builds_running and clock() - reconciled >= RECONCILE:
                await self._reconcile()
                reconciled = clock()

    async def _tell(self) -> None:
        """Emit what was committed since the last one that was told."""
        while changes := await self._access.call(lambda it: it.changes(self._last or 0)):
            for change in changes:
                self._emit(change)
                self._last = change.seq

    async def _reconcile(self) -> None:
        await self._access.call(lambda it: it.reconcile())
        await self._count()

    async def _count(self) -> None:
        builds = await self._access.call(lambda it: it.builds(limit=50))
        self.builds_running = sum(not build.ended for build in builds)

    def _emit_start(self, word: Word, starts: bool) -> None:
        data = {
            "action": "changed",
            "name": word.name,
            "version": word.version,
            "id": word.kernel_name,
            "state": "starting" if starts else "started",
            "detail": word.text,
        }
        self._events.emit(schema_id=SCHEMA.format(kind="kernel"), data=data)

    def _emit(self, change: Change) -> None:
        data = {
            "action": change.action,
            "name": change.name,
            "version": change.version,
            "id": change.id,
            "state": change.state,
        }
        self._events.emit(
            schema_id=SCHEMA.format(kind=change.kind),
            data={key: value for key, value in data.items() if value is not None},
        )


def _listener(it: Workspace) -> Listener:
    from mlenv_jupyter.kernels.starting import Listener

    return Listener(it.places.home)
