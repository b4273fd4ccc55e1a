"""What a running kernel does when its overlay changed: loaded by file when that has happened.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def follow(overlay: str) -> None:
    """Drop the prefix from the paths, and say which changed packages are already imported."""
    try:
        with open(os.path.join(overlay, "promoted"), encoding="utf-8") as file:
            marker = json.load(file)
    except (OSError, ValueError):
        return  # removed, or about to be written again: there is a next cell
    drop_prefix(marker["prefix"], marker["site_packages"])
    importlib.invalidate_caches()
    for line in stale(marker.get("changes") or []):
        print(line)


def drop_prefix(prefix: str, site_packages: str) -> None:
    """What was removed from the clone must not be found in the prefix behind it."""
    sys.path[:] = [one for one in sys.path if one != site_packages]
    binaries = os.path.join(prefix, "bin")
    found = os.environ.get("PATH", "").split(os.pathsep)
    if binaries in found:
        os.environ["PATH"] = os.pathsep.join(one for one in found if one != binaries)


def stale(changes: list[dict[str, Any]]) -> list[str]:
    """One line for each package that is imported as it was before."""
    lines = []
    for change in changes:
        before, after = change["before"], change["after"]
        if before is None or not any(name in sys.modules for name in change["modules"]):
            continue
        what = "removed" if after is None else f"{after} now"
        name = change["name"]
        lines.append(f"{name} {before} stays imported until you restart the kernel ({what}).")
    return lines
