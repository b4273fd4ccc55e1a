"""``mlenv gc``: free disk space."""

from __future__ import annotations

from collections import Counter

import click

from mlenv_jupyter.cli.output import emit, note, say, size
from mlenv_jupyter.cli.session import Session, verb

WORDS = {
    "prefix": "prefixes",
    "layer": "kernel layers",
    "wheel": "installed wheels",
    "overlay": "overlays",
    "leftover": "leftovers of processes that died",
}


@verb("gc")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc(session: Session, dry_run: bool) -> None:
    """Remove what is built and belongs to no version, kernel or notebook any more.

    A registered version keeps what is built of it, archived ones too.
    """
    found = session.workspace.collection.collect(dry_run=dry_run)
    total = sum(one.size for one in found)
    if session.json:
        emit({"items": found, "size": total, "dry_run": dry_run})
        return
    if not found:
        say("There is nothing to remove.")
        return
    counts = Counter(one.kind for one in found)
    listed = ", ".join(f"{count} {WORDS[kind]}" for kind, count in counts.items())
    say(f"{'Would free' if dry_run else 'Freed'} {size(total)}: {listed}.")
    if dry_run:
        note("Without --dry-run they are removed; a build makes them again from their locks.")


COMMANDS = (gc,)
