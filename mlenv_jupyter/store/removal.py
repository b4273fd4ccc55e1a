"""Uninstalling: what mlenv made is removed, and nothing else that lies beside it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import remove_tree


def remove_launchers(places: Places) -> list[str]:
    """Remove the launchers and the launch records; what was removed."""
    return _remove([places.launcher, places.kernels])


def purge_places(places: Places) -> list[str]:
    """Remove prefixes, layers, overlays, caches, builds and the registry; what was removed."""
    store = [places.prefixes, places.images, places.layers, places.overlays, places.uv_cache]
    store += [places.rattler, places.pythons, places.shelf]
    home = [places.builds, places.home / "registry.lock", *places.home.glob("registry.sqlite*")]
    removed = _remove([*store, *home])
    # The directories themselves only where nothing of somebody else's is in them.
    for place in (places.store, places.home):
        with contextlib.suppress(OSError):
            place.rmdir()
    return removed


def _remove(paths: list[Path]) -> list[str]:
    removed = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        removed.append(str(path))
    return removed
