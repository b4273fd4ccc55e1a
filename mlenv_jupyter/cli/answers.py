"""What several commands say of a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.output import emit, note, say

if TYPE_CHECKING:
    from mlenv_jupyter.cli.session import Session
    from mlenv_jupyter.core.diff import PackageChange
    from mlenv_jupyter.core.version import Version

MARKS = {"added": "+", "removed": "−", "upgraded": "↑", "downgraded": "↓", "changed": "~"}
COLOURS = {"added": "green", "removed": "red"}


def numbered(version: str) -> str:
    """A version as people say it: ``v3``, or what an imported one is called."""
    return f"v{version}" if version.isdigit() else version


def title(version: Version) -> str:
    """The name and number of a version."""
    return click.style(version.name, bold=True) + f" {numbered(version.version)}"


def show_registered(session: Session, version: Version, created: bool) -> None:
    """Say which version it is, and what comes next."""
    if session.json:
        emit(version)
        return
    what = "Registered" if created else "This is already"
    say(f"{what} {title(version)}.")
    if version.state == "ready":
        note(f"It is built. Use it: mlenv use {version.reference}")
    else:
        note(f"Build it: mlenv build {version.reference}")


def show_changes(head: str, changes: Sequence[PackageChange]) -> None:
    """What differs, a line each, under a heading; nothing where nothing does."""
    if not changes:
        return
    say(click.style(head, dim=True))
    for one in changes:
        mark = click.style(MARKS[one.change], fg=COLOURS.get(one.change))
        values = " → ".join(
            ", ".join(value.splitlines()) for value in (one.before, one.after) if value is not None
        )
        by = f"  (for {one.by})" if one.by else ""
        say(f"  {mark} {one.name}  {values}{by}")
