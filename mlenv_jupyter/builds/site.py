"""Where an installation works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlenv_jupyter.builds.python import Python
from mlenv_jupyter.builds.resolve import LineSink
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Store


@dataclass(frozen=True)
class Site:
    """What every step of an installation needs: tools, places, and where to say what happens."""

    uv: str
    python: Python
    places: Places
    store: Store
    work: Path
    env: Mapping[str, str]
    on_line: LineSink
    on_progress: Callable[[Progress], None]
    use_cache: bool = True
    shelf_only: bool = False
    """Raise NotOnShelf rather than fetch or compile anything."""
