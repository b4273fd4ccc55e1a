"""Run the real tool, see what it changed, and say so in a line or two.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import os
import subprocess
import sys

import overlay as overlays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Installed = dict[str, tuple[str, str, str]]


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run the real tool to its end; an interrupt is its to answer, and this waits for it."""
    child = subprocess.Popen(command, env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def installed(packages: str) -> Installed:
    """(shown name, version, dist-info directory) by normalised name, from the directory's names."""
    found = {}
    for entry in os.listdir(packages):
        stem, extension = os.path.splitext(entry)
        if extension != ".dist-info":
            continue
        name, _, version = stem.partition("-")
        found[name.lower().replace(".", "_")] = (name, version, os.path.join(packages, entry))
    return found


def changes(before: Installed, after: Installed, prefix_packages: str) -> list[dict[str, Any]]:
    """What was added, replaced and removed: name, before, after, the modules it brings."""
    made = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old and new and old[1] == new[1]:
            continue
        there = new or old
        assert there is not None
        info = there[2]
        if new is None:  # its own list went with it, but the prefix still has one
            info = os.path.join(prefix_packages, os.path.basename(info))
        made.append(
            {
                "name": _shown_name(info, there[0]),
                "before": old[1] if old else None,
                "after": new[1] if new else None,
                "modules": _modules(info) or [there[0]],
            }
        )
    return made


def show(
    made: list[dict[str, Any]], described: dict[str, Any], *, failed: bool, constrained: bool
) -> None:
    """The line or two under the tool's own output."""
    record = described["record"]
    label = overlays.label(record)
    sys.stdout.flush()
    if failed and constrained:
        _say(
            f"The packages of {label} stay as they are locked. To change one of them here, name it "
            "in the command."
        )
    here = "this notebook's overlay"
    if described["temporary"]:
        here = "an overlay that lasts as long as this kernel"
    put = [_arrow(one) for one in made if one["after"] is not None]
    gone = [_pair(one, "before") for one in made if one["after"] is None]
    if put:
        _say(f"Installed into {here}, not into {label}:", ", ".join(put))
    if gone:
        _say(f"Removed from {here}, not from {label}:", ", ".join(gone))
    if not made and not failed:
        _say(f"Nothing to change in {here}.")


def _arrow(change: dict[str, Any]) -> str:
    shown = _pair(change, "after")
    before = change["before"]
    return shown if before is None else f"{shown} (was {before})"


def _pair(change: dict[str, Any], which: str) -> str:
    return str(change["name"]) + " " + str(change[which])


def _say(text: str, names: str = "") -> None:
    if sys.stdout.isatty():  # a kernel gives its commands a terminal
        text = f"\x1b[2m{text}\x1b[22m"
    sys.stdout.write(text + "\n" + (f"  {names}\n" if names else ""))
    sys.stdout.flush()


def _shown_name(info: str, default: str) -> str:
    try:
        with open(os.path.join(info, "METADATA"), encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("Name:"):
                    return line[5:].strip()
                if not line.strip():
                    break
    except OSError:
        pass
    return default.replace("_", "-")


def _modules(info: str) -> list[str]:
    """The top-level names that a package installs."""
    found = set()
    try:
        with open(os.path.join(info, "RECORD"), encoding="utf-8", errors="replace") as file:
            for line in file:
                top = line.split(",")[0].split("/")[0]
                if top.endswith(".py"):
                    top = top[:-3]
                elif top.endswith((".so", ".pyd")):
                    top = top.split(".")[0]
                if top.isidentifier() and top != "__pycache__":
                    found.add(top)
    except OSError:
        pass
    return sorted(found)
