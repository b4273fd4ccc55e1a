"""What the lines of a file name beside it on this machine, taken along where that can be."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.core.checks import wheel_package
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.sections import Wheel

if TYPE_CHECKING:
    from mlenv_jupyter.formats import Imported
    from mlenv_jupyter.store.wheels import Wheels

_LINKS = re.compile(r"--find-links\s+(?P<path>[^\s'\"\\]+)")
_WHEEL = re.compile(r"[^\s;\[\]'\"]+\.whl")


def take_along(made: Imported, directory: Path, wheels: Wheels | None) -> Imported:
    """The same with the wheels and directories of wheels that lines for pip name.

    A wheel becomes a private one, by its content; None for ``wheels`` only says so. A directory
    becomes one of this machine. What is not there, or cannot be kept, stays a line without effect.
    """
    pip = made.definition.pip
    found: list[Wheel] = list(made.definition.wheels)
    links: list[str] = list(pip.find_links)
    taken: dict[str, str] = {}
    for line in pip.options:
        place = _LINKS.fullmatch(line)
        if place and (directory / place["path"]).is_dir():
            path = str((directory / place["path"]).resolve())
            links.append(path)
            taken[line] = f"wheels from {path}"
        elif _WHEEL.fullmatch(line) and (directory / line).is_file():
            wheel = _wheel(directory / line, found, wheels)
            if wheel is not None:
                found.append(wheel)
                taken[line] = f"private wheel {wheel.name}"
    if not taken:
        return made
    change: Any = msgspec.structs.replace
    rest = tuple(one for one in pip.options if one not in taken)
    definition = change(
        made.definition,
        pip=change(pip, options=rest, find_links=tuple(dict.fromkeys(links))),
        wheels=tuple(found),
    )
    report = change(
        made.report,
        taken=(*made.report.taken, *taken.values()),
        kept=tuple(
            one
            for one in made.report.kept
            if not any(f": {line}: kept, not honoured" in one for line in taken)
        ),
    )
    again: Imported = change(made, definition=definition.checked(), report=report)
    return again


def _wheel(path: Path, found: list[Wheel], wheels: Wheels | None) -> Wheel | None:
    """The wheel, kept; None for a second one of a package, and for one that cannot be kept."""
    package = wheel_package(path.name)
    if package is None or any(wheel_package(one.name) == package for one in found):
        return None
    try:
        if wheels is not None:
            return wheels.add(path, exist_ok=True)
        return Wheel(name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    except (MlenvError, OSError):
        return None
