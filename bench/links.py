"""What would the next factor of a warm build take: links to directories instead of files?"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from bench import five
from bench.measure import Clock, Sample, Table, compare, rounds
from mlenv_jupyter.builds.python import query
from mlenv_jupyter.builds.shelf import Owner, Shelf

NOTE = """Linking is two fifths of a warm build, so a link to each package's directory would make
a build one and a half times as fast. It is not taken, since environments would be made of each
other: tried out, `uv pip uninstall numpy` in one prefix took numpy from every environment that had
it, and from those still to be built, where the user may write (root, in most containers). With hard
links it is that prefix alone (`tests/builds/test_shelf.py`). A library that looks for its neighbour
by its real path (`Path(__file__).resolve().parent.parent`, `$ORIGIN/../../other/lib`) would find
the shelf, where each wheel is alone. And a prefix could no longer be mounted, measured or moved
without all of the store."""


def run(count: int) -> list[Table]:
    """Fill site-packages with the set, from the shelf."""
    made = five.workspace()
    version = made.version("five")
    assert version.lock_digest is not None
    prefix = made.places.prefix(version.lock_digest)
    python = query(prefix / "bin" / "python")
    assert python is not None
    chosen, _ = five.files()
    shelf = Shelf(made.places.shelf, python)
    entries = [(one, entry) for one in chosen if (entry := shelf.get(one)) is not None]
    assert len(entries) == len(chosen)
    found: dict[str, list[Sample]] = {}

    def contest(name: str, fill: Callable[[Path], None]) -> Callable[[], None]:
        def once() -> None:
            site = five.scratch() / "site"
            site.mkdir()
            clock = Clock()
            fill(site)
            found.setdefault(name, []).append(clock.read())

        return once

    def files(site: Path) -> None:
        shelf.give(entries, Owner(site, site, os.fspath(prefix / "bin" / "python")))

    def directories(site: Path) -> None:
        for one, _ in entries:
            for path in os.scandir(shelf.place / one.file.sha256 / "files"):
                with contextlib.suppress(FileExistsError):  # __pycache__, which many share
                    os.symlink(path.path, site / path.name)

    rounds({LINKS: contest(LINKS, files), "a symlink": contest("a symlink", directories)}, count)
    five.clear()
    return [compare("Linking what is on the shelf", found, LINKS, NOTE)]


LINKS = "hard links, file by file (mlenv)"
