"""What may stand next in a line of ``%mlenv``: verbs, options, names, versions and labels.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import json
import time

from .command import with_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .command import Command

NAME_FIRST = (
    *("show", "build", "use", "log", "cancel", "diff", "export", "set"),
    *("label", "history", "rollback", "refresh", "archive", "restore", "describe", "tag"),
)
OPTIONS = {
    "build": ("--widget", "--force", "--no-cache", "--detach", "--as"),
    "list": ("--widget", "--archived"),
    "new": ("--package", "--python", "--variable", "--description", "--next"),
    "save": ("--message",),
    "use": ("--follow",),
}
MOST = 20
"""Versions that completion offers."""
REMEMBERED = 10.0
"""Seconds for which the names for completion are kept."""


class Completion:
    """The completions of one kernel; what there is is asked of the command."""

    def __init__(self, command: Command, verbs: tuple[str, ...]) -> None:
        self.command = command
        self.verbs = verbs
        self._names: tuple[float, list[str]] = (0.0, [])

    def complete(self, event: Any) -> list[str]:
        """Verbs, then names; ``event`` has the ``line`` up to the cursor."""
        before = event.line.split()
        if event.line.endswith(" "):
            before.append("")
        if len(before) <= 2:
            return sorted(self.verbs)
        if before[-1].startswith("-"):
            return list(OPTIONS.get(before[1], ()))
        if before[1] not in NAME_FIRST:
            return []
        name, colon, _ = before[-1].partition(":")
        return self.versions(name) if colon else self.names()

    def versions(self, name: str) -> list[str]:
        """What may stand after ``NAME:``, the newest first, then the labels."""
        code, out, _ = self.command.finish(with_json(["list", name]))
        found = [one for one in json.loads(out)["items"] if one["name"] == name] if not code else []
        return [*numbers(found[0]), *sorted(found[0].get("labels") or ())] if found else []

    def names(self) -> list[str]:
        """The environments, asked for at most every ten seconds."""
        at, names = self._names
        if not names or time.monotonic() - at > REMEMBERED:
            code, out, _ = self.command.finish(["list", "-q"])
            names = out.split() if not code else []
            self._names = (time.monotonic(), names)
        return names


def numbers(environment: dict[str, Any]) -> list[str]:
    """The versions of an environment, the newest first."""
    newest = str(environment["latest"]["version"])
    return [str(n) for n in range(int(newest), 0, -1)][:MOST] if newest.isdigit() else [newest]
