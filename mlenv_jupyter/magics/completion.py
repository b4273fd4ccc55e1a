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
    *("show", "build", "mend", "use", "log", "cancel", "diff", "export", "set"),
    *("label", "history", "rollback", "refresh", "archive", "restore", "describe", "tag"),
)
OPTIONS = {
    "build": ("--widget", "--force", "--no-cache", "--detach", "--as"),
    "mend": ("--widget", "--fix"),
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
        """The same for an event of IPython's hook."""
        return self.complete_line(getattr(event, "text_until_cursor", event.line))

    def complete_line(self, line: str) -> list[str]:
        """Verbs, then options, names or versions, for a line up to the cursor."""
        before = line.split()
        if line.endswith(" "):
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


def completes_in(shell: Any, completion: Completion) -> None:
    """Have a shell ask; where there is an answer nobody else is: all of Python fits a colon."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:  # IPython before 8.6
        answer = completion.complete
        shell.set_hook("complete_command", lambda _, event: answer(event), str_key="%mlenv")
        return

    @context_matcher(identifier="mlenv")  # type: ignore[untyped-decorator]
    def matcher(context: Any) -> dict[str, Any]:
        found: list[str] = []
        if context.text_until_cursor.lstrip().startswith("%mlenv "):
            offered = completion.complete_line(context.text_until_cursor)
            found = [one for one in offered if one.startswith(context.token)]
        completions = [SimpleCompletion(text=one, type="mlenv") for one in found]
        return {"completions": completions, "suppress": bool(found), "ordered": True}

    shell.Completer.custom_matchers.append(matcher)


def numbers(environment: dict[str, Any]) -> list[str]:
    """The versions of an environment, the newest first."""
    newest = str(environment["latest"]["version"])
    return [str(n) for n in range(int(newest), 0, -1)][:MOST] if newest.isdigit() else [newest]
