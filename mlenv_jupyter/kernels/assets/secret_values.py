"""Variables that refer to secrets, resolved while a kernel or a command starts.

Part of the launcher: standard library only. The file is that of ``registry/secrets.py``; what the
operating system's keyring has is asked of the CLI, whose Python can read it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

MARK = "${secret:"


class NoSecret(Exception):
    """A secret that is not set here, or not for this environment."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def resolved(
    variables: Mapping[str, str],
    *,
    environment: str,
    home: str,
    cli: Sequence[str],
    parse: Callable[[str], Any],
) -> dict[str, str]:
    """The variables with each reference replaced by its value; raises NoSecret."""
    known: dict[str, Any] | None = None
    made = {}
    for variable, text in variables.items():
        if MARK in text:
            if known is None:
                known = _read(home, parse)
            text = _replaced(text, known, environment, cli)
        made[variable] = text
    return made


def _replaced(text: str, known: dict[str, Any], environment: str, cli: Sequence[str]) -> str:
    before, mark, rest = text.partition(MARK)
    made = before
    while mark:
        name, _, rest = rest.partition("}")
        made += _value(name, known, environment, cli)
        before, mark, rest = rest.partition(MARK)
        made += before
    return made


def _value(name: str, known: dict[str, Any], environment: str, cli: Sequence[str]) -> str:
    kept = known.get(name)
    if kept is None:
        raise NoSecret(
            f"{environment} needs the secret {name}, which is not set on this machine.",
            f"Set it: mlenv secret set {name} --environment {environment}",
        )
    if environment not in kept.get("environments", ()):
        raise NoSecret(
            f"{environment} refers to the secret {name}, which is not for it.",
            f"If it is meant for it: mlenv secret allow {name} --environment {environment}",
        )
    value = kept.get("value")
    if value is None:
        from subprocess import run

        asked = run(
            [*cli, "secret", "value", name, "--environment", environment],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode:
            raise NoSecret(
                f"The keyring did not give the secret {name}.", f"mlenv secret set {name}"
            )
        value = asked.stdout.rstrip("\n")
    return str(value)


def _read(home: str, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        with open(os.path.join(home, "secrets.json"), encoding="utf-8") as file:
            found = parse(file.read())
        return dict(found["secrets"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
