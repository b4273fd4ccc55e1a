"""``mlenv verify``, ``mlenv registry backup`` and ``restore``: what is precious, kept whole."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import click

from mlenv_jupyter.cli.output import emit, note, say, size
from mlenv_jupyter.cli.problems import FAILED, OK
from mlenv_jupyter.cli.session import Session, common, verb
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, StoreDamaged


@verb("verify")
@click.option("--repair", is_flag=True, help="Build what is damaged again from its lock.")
def verify(session: Session, repair: bool) -> int:
    """Check the registry, every prefix against its lock and its files, and the kernels.

    Exit code 1 if something is wrong and was not repaired.
    """
    from mlenv_jupyter.verify import verify as look

    watching = sys.stderr.isatty() and not session.json
    found = look(session.workspace, repair=repair, say=note if watching else lambda text: None)
    well = all(one.repaired for one in found)
    if session.json:
        emit({"ok": well, "findings": found})
        return OK if well else FAILED
    for one in found:
        mark = click.style("✓ repaired", fg="green") if one.repaired else click.style("✗", fg="red")
        say(f"{mark} {one.part}: {one.where}: {one.message}")
        if one.remedy and not one.repaired:
            say(f"    Remedy: {one.remedy}")
    say("All is whole." if well else "Not all is whole.")
    return OK if well else FAILED


@click.group("registry")
@common
def registry() -> None:
    """The registry as one file: back it up, restore it."""


@verb("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(session: Session, file: Path, force: bool) -> None:
    """Write the whole registry to FILE, while others use it; it is checked before it is kept."""
    from mlenv_jupyter.registry.backup import back_up

    made = back_up(session.workspace.registry.database, file, replace=force)
    if session.json:
        emit({"file": str(file), "size": made})
    else:
        say(f"Wrote {file} ({size(made)}).")


@verb("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def restore(session: Session, file: Path, yes: bool) -> None:
    """Put the backup FILE in the place of the registry; what is there is kept beside it."""
    from mlenv_jupyter.registry.backup import restore as put_back

    workspace = session.workspace
    try:
        running = workspace.registry.builds.running()
    except StoreDamaged:
        running = ()
    if running:
        raise Conflict(
            f"{running[0].name}:{running[0].version} is being built.",
            code="in_use",
            remedy="Wait for it, or cancel it, then restore.",
        )
    if not yes:
        if session.json or not sys.stdin.isatty():
            raise InvalidRequest(
                f"This replaces every environment by those in {file}.",
                remedy="Say -y if that is what you want.",
                where="--yes",
            )
        click.confirm(f"Replace every environment by those in {file}?", abort=True)
    at = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
    kept = workspace.places.home / f"registry-before-{at}.sqlite"
    put_back(workspace.registry.database, file, kept)
    if session.json:
        emit({"file": str(file), "kept": str(kept)})
    else:
        say(f"Restored {file}.")
        note(f"What was there before is {kept}.")


registry.add_command(backup)
registry.add_command(restore)
COMMANDS = (verify, registry)
