"""conda in a kernel: what would change this environment is explained, all else is the real one's.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import os
import sys

import overlay as overlays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HERE = frozenset("install update upgrade remove uninstall list".split())
"""What is about the environment that one is in, where no other is named."""
OTHER = ("-n", "--name", "-p", "--prefix")
TEXT = """\
`{command}` is not run here: {label} stays as it is, and this notebook's own copy is pip's.
  Into this notebook's own copy:  %mlenv add PACKAGE, or %pip install PACKAGE
  conda packages, in a version:   the Environments panel, or conda YAML in a cell of %%mlenv NAME
"""
MISSING = (
    "conda is not on this machine; the Environments panel installs conda packages without it.\n"
)


def main(command: str, given: list[str], overlay: str, record: dict[str, Any]) -> int:
    """Explain, or become the real one; the exit code."""
    verb = next((one for one in given if not one.startswith("-")), "")
    if verb in HERE and not _names_another(given, (overlay, record["prefix"])):
        sys.stderr.write(TEXT.format(command=f"{command} {verb}", label=overlays.label(record)))
        return 1
    own = os.path.join(overlay, "bin")
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(place, command)
        if place and os.path.normpath(place) != own and os.access(path, os.X_OK):
            os.execv(path, [path, *given])
    sys.stderr.write(MISSING)
    return 127


def _names_another(given: list[str], own: tuple[str, ...]) -> bool:
    """Whether an environment is named that is not this one; `%conda` names this one by itself."""
    for at, word in enumerate(given):
        name, equals, value = word.partition("=")
        if name in OTHER:
            chosen = value if equals else "".join(given[at + 1 : at + 2])
            places = [os.path.realpath(one) for one in own]
            if name in ("-n", "--name") or os.path.realpath(chosen) not in places:
                return True
    return False
