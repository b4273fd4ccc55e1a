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
    """Drop the prefix from the paths, and say which changed packages are already imported.

    Where the overlay was emptied, the prefix comes back. The front end, if there is one, is told.
    """
    marker = _read(os.path.join(overlay, "promoted"))
    if marker is None:
        described = _read(os.path.join(overlay, "overlay.json"))
        if described is None:
            return  # about to be written again: there is a next cell
        bring_prefix(described["record"], overlay)
    else:
        drop_prefix(marker["prefix"], marker["site_packages"])
    importlib.invalidate_caches()
    for line in stale((marker or {}).get("changes") or []):
        print(line)
    tell()


def tell() -> None:
    """Say to the front end that this kernel has other packages now."""
    try:
        try:
            from comm import create_comm
        except ImportError:  # ipykernel before 6.18
            from ipykernel.comm import Comm as create_comm  # noqa: N813
        create_comm(target_name="mlenv", data={"action": "drift"})
    except Exception:
        pass  # no front end that could be told, and no reason for a cell to fail


def bring_prefix(record: dict[str, Any], overlay: str) -> None:
    """The overlay is thin again: the prefix stands behind it, as after a start."""
    packages, layer = record["site_packages"], record.get("layer")
    if packages not in sys.path:
        sys.path.insert(sys.path.index(layer) if layer in sys.path else len(sys.path), packages)
    binaries = os.path.join(record["prefix"], "bin")
    found = os.environ.get("PATH", "").split(os.pathsep)
    own = os.path.join(overlay, "bin")
    if binaries not in found:
        found.insert(found.index(own) + 1 if own in found else 0, binaries)
        os.environ["PATH"] = os.pathsep.join(found)


def drop_prefix(prefix: str, site_packages: str) -> None:
    """What was removed from the clone must not be found in the prefix behind it."""
    sys.path[:] = [one for one in sys.path if one != site_packages]
    binaries = os.path.join(prefix, "bin")
    found = os.environ.get("PATH", "").split(os.pathsep)
    if binaries in found:
        os.environ["PATH"] = os.pathsep.join(one for one in found if one != binaries)


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            read: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    return read


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
