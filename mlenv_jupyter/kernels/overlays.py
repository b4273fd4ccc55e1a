"""Overlays on disk: whose they are, what they hold more, discard and clean."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.kernels.assets import sweep


@dataclass(frozen=True)
class Overlay:
    """What was added to one Version for one notebook; ``notebook`` is None for a temporary one."""

    place: Path
    notebook: str | None
    name: str
    version: str
    kernel_name: str
    promoted: bool

    @property
    def in_use(self) -> bool:
        """Whether a kernel runs in it now."""
        return not sweep.is_unused(os.fspath(self.place))


def list_overlays(overlays: Path) -> list[Overlay]:
    """Every overlay in a store; one that is being made or removed is left out."""
    try:
        places = sorted(overlays.iterdir())
    except FileNotFoundError:
        return []
    found = [_read(place) for place in places]
    return [one for one in found if one is not None]


def discard(overlay: Overlay) -> None:
    """Remove what was added for a notebook; raises Conflict while a kernel runs in it."""
    if overlay.in_use:
        raise Conflict(
            f"A kernel runs in the overlay of {overlay.notebook or overlay.place.name}.",
            remedy="Shut that kernel down first.",
        )
    sweep.remove(os.fspath(overlay.place))


def collect(overlays: Path) -> list[Path]:
    """Remove what nobody can come back to: temporary ones without a kernel, notebooks deleted."""
    names = sweep.sweep(os.fspath(overlays))
    removed = [overlays / name for name in names]
    for overlay in list_overlays(overlays):
        if overlay.notebook and not os.path.exists(overlay.notebook) and not overlay.in_use:
            sweep.remove(os.fspath(overlay.place))
            removed.append(overlay.place)
    return removed


def _read(place: Path) -> Overlay | None:
    try:
        described = json.loads((place / "overlay.json").read_bytes())
        record = described["record"]
        return Overlay(
            place=place,
            notebook=described["notebook"],
            name=record["name"],
            version=record["version"],
            kernel_name=record["kernel_name"],
            promoted=(place / "promoted").exists(),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
