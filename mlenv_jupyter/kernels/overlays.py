"""Overlays on disk: whose they are, what they hold more, discard and clean."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.kernels.assets import overlay as assets
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
    # A link is another name of one: that of a notebook that was renamed.
    found = [read(place) for place in places if not place.is_symlink()]
    return [one for one in found if one is not None]


def discard(overlay: Overlay) -> None:
    """Remove what was added for a notebook; raises Conflict while a kernel runs in it."""
    if overlay.in_use:
        raise Conflict(
            f"A kernel runs in the overlay of {overlay.notebook or overlay.place.name}.",
            remedy="Shut that kernel down first.",
        )
    sweep.remove(os.fspath(overlay.place))


def rename(overlays: Path, before: str, after: str) -> list[Overlay]:
    """Have the overlays of a notebook, or of all below a directory, go with it to its new name.

    They stay where they are, since kernels may run in them: a link has the new name. Both are
    absolute paths.
    """
    moved = []
    for one in list_overlays(overlays):
        notebook = one.notebook or ""
        if notebook != before and not notebook.startswith(os.path.join(before, "")):
            continue
        renamed = after + notebook[len(before) :]
        described = json.loads((one.place / "overlay.json").read_bytes())
        key = assets.overlay_key(renamed, described["record"])
        link = overlays / key
        if link != one.place and not _make_way(link):
            continue
        text = assets.describe(
            json.dumps(described["record"]),
            launcher=described["launcher"],
            notebook=renamed,
            temporary=False,
            record_path=described["record_path"],
        )
        assets.write(os.fspath(one.place / "overlay.json"), text)
        if link != one.place:
            link.symlink_to(one.place.name)
        moved.append(one)
    return moved


def _make_way(place: Path) -> bool:
    """Remove what is left of a notebook that had this name before; False if it is in use."""
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        left = read(place)
        if left is not None and left.in_use:
            return False
        sweep.remove(os.fspath(place))
    return True


def collect(overlays: Path) -> list[Path]:
    """Remove what nobody can come back to: temporary ones without a kernel, notebooks deleted."""
    names = sweep.sweep(os.fspath(overlays))
    removed = [overlays / name for name in names]
    for overlay in list_overlays(overlays):
        if overlay.notebook and not os.path.exists(overlay.notebook) and not overlay.in_use:
            sweep.remove(os.fspath(overlay.place))
            removed.append(overlay.place)
    drop_links(overlays)
    return removed


def drop_links(overlays: Path) -> None:
    """Remove the further names of overlays that are gone."""
    for place in overlays.glob("*"):
        if place.is_symlink() and not place.exists():
            place.unlink(missing_ok=True)


def read(place: Path) -> Overlay | None:
    """The overlay in a directory; None where that is none, or one that is being made."""
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
