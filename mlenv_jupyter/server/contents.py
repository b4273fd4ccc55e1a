"""What happens to notebooks on this server, and what of theirs goes with them."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from jupyter_events.logger import EventLogger

from mlenv_jupyter.server.access import WorkspaceAccess

SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"


def follow_renames(
    events: EventLogger, access: WorkspaceAccess, contents: Any, log: logging.Logger
) -> None:
    """Have what was added for a notebook go with it when it, or its directory, is renamed."""
    root = getattr(contents, "root_dir", None)
    if not root:
        return  # its files are on no disk of ours

    async def heard(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        del logger, schema_id
        if data.get("action") != "rename" or not data.get("source_path"):
            return
        before, after = (_place(root, data[one]) for one in ("source_path", "path"))
        try:
            await access.call(lambda it: _rename(it, before, after))
        except Exception as error:  # noqa: BLE001 - a rename must not fail for us
            log.warning("The packages added for %s did not go with it: %s", before, error)

    events.add_listener(schema_id=SCHEMA, listener=heard)


def directory_of(contents: Any, path: str) -> Path | None:
    """Where a directory of Jupyter's is on this disk; None if it is on none, or leads out of it."""
    root = getattr(contents, "root_dir", None)
    if not root:
        return None
    place = Path(_place(root, path)).resolve()
    return place if place.is_relative_to(Path(root).resolve()) else None


def _place(root: str, path: str) -> str:
    return os.path.abspath(os.path.join(root, path.strip("/")))


def _rename(it: Any, before: str, after: str) -> None:
    from mlenv_jupyter.kernels.overlays import rename

    rename(it.places.overlays, before, after)
