"""The overlay of a kernel that was started before its notebook was known becomes the notebook's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from shutil import rmtree
from threading import Thread

from mlenv_jupyter.kernels.assets import overlay as assets
from mlenv_jupyter.kernels.assets import sweep


def claim(overlay: Path, notebook: str, record_text: str) -> bool:
    """Have an overlay be that of a notebook, under a link of the notebook's name.

    The running kernel knows it by its own name, so it stays where it is. False, and nothing is
    changed, where the notebook has packages of its own or another kernel runs in what it has.
    """
    described = json.loads((overlay / "overlay.json").read_bytes())
    place = Path(assets.place_of(os.fspath(overlay.parent), notebook, described["record"]))
    if os.path.lexists(place):
        before = os.path.realpath(place)
        if os.path.exists(before):
            gone = "" if assets.is_promoted(before) else sweep.take_away(before)
            if not gone:
                return False
            # Nobody waits for the end of its many small files.
            Thread(target=rmtree, args=(gone,), kwargs={"ignore_errors": True}).start()
        if place.is_symlink():
            place.unlink()
    text = assets.describe(
        record_text,
        launcher=described["launcher"],
        notebook=notebook,
        temporary=False,
        record_path=described["record_path"],
    )
    assets.write(os.fspath(overlay / "overlay.json"), text)
    place.symlink_to(overlay.name)
    return True


def sweep_waiting(overlays: Path) -> None:
    """Remove those of kernels that waited and were killed, whose server could not do it."""
    for place in overlays.glob("*"):
        if place.is_symlink() or place.name.startswith(sweep.TEMPORARY):
            continue
        try:
            described = json.loads((place / "overlay.json").read_bytes())
        except (OSError, ValueError):
            continue
        if described.get("temporary") is True and sweep.is_unused(os.fspath(place), grace=60):
            sweep.remove(os.fspath(place))
