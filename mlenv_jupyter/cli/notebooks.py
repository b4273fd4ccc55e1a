"""``mlenv notebook …``: what notebooks remember, on the command line and in CI."""

from __future__ import annotations

from pathlib import Path

import click

from mlenv_jupyter.cli.follow import conclude, follow_to_end
from mlenv_jupyter.cli.output import emit, note, plural, say, table
from mlenv_jupyter.cli.problems import FAILED, OK
from mlenv_jupyter.cli.session import REFERENCE, Session, common, verb
from mlenv_jupyter.core.errors import Conflict

Pair = tuple[str, "str | None"]
FILE = click.Path(path_type=Path)


@click.group("notebook")
@common
def notebook() -> None:
    """What notebooks remember of their environment: stamp, check, run, discover."""


@verb("stamp")
@click.argument("file", type=FILE)
@click.option("-n", "--name", "reference", required=True, type=REFERENCE, metavar="NAME[:V]")
def stamp(session: Session, file: Path, reference: Pair) -> None:
    """Write into a notebook which version it is for, with the lock; a label is followed."""
    from mlenv_jupyter.notebooks import files
    from mlenv_jupyter.notebooks.kernelspec import name_kernel

    content = files.load(file)
    name, version = reference
    made = session.workspace.notebooks.stamp_of(name, version)
    if version is not None and version != made.version:
        made = session.workspace.notebooks.stamp_of(name, version, follows=version)
    changed = files.put_stamp(content, made, file)
    changed = name_kernel(content, made) or changed
    if changed:
        files.save(file, content)
    if session.json:
        emit({"path": str(file), "name": made.name, "version": made.version, "changed": changed})
    else:
        say(f"{file} is for {made.name} v{made.version}.")
        if made.lock is None and made.lock_file is None:
            note(f"Without a lock yet: mlenv build {made.name}:{made.version}, and stamp again.")


@verb("check")
@click.argument("place", type=FILE, default=Path())
def check(session: Session, place: Path) -> int:
    """Report notebooks whose environment is missing, archived, drifted or stale.

    Exit code 1 if there is one; notebooks without a stamp are listed and do not count.
    """
    from mlenv_jupyter.notebooks import files
    from mlenv_jupyter.notebooks.check import check as look

    workspace = session.workspace
    found = list(look(files.below(place), workspace.notebooks, workspace.places.overlays))
    bad = [one for one in found if one.finding not in ("ok", "unstamped", "not-built")]
    if session.json:
        emit({"ok": not bad, "items": found})
        return FAILED if bad else OK
    if not found:
        say("There is no notebook.")
        return OK
    table(
        ("NOTEBOOK", "ENVIRONMENT", "", ""),
        [(one.path, one.environment, one.finding, one.message) for one in found],
    )
    for one in bad:
        if one.remedy:
            note(f"{one.path}: {one.remedy}")
    return FAILED if bad else OK


@verb("run")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=FILE, help="Write here; by default into the notebook.")
@click.option("-p", "--parameter", "parameters", nargs=2, multiple=True, metavar="NAME VALUE")
@click.option("--trust", is_flag=True, help="Restore its environment if it is not here.")
@click.option("--timeout", type=float, help="Seconds that a cell may take.")
def run(
    session: Session,
    file: Path,
    output: Path | None,
    parameters: tuple[tuple[str, str], ...],
    trust: bool,
    timeout: float | None,
) -> int:
    """Run a notebook in the environment that it remembers.

    Exit code 1 if a cell fails, 4 if its environment is not here and --trust is not given.
    --trust builds what the notebook's author wanted, with everything foreign in it, and names it.
    """
    from mlenv_jupyter.notebooks import execute, files
    from mlenv_jupyter.notebooks.restore import require_stamp

    workspace = session.workspace
    content = files.load(file)
    remembered = require_stamp(files.get_stamp(content, file))
    plan = workspace.notebooks.plan(remembered)
    foreign = "; ".join(one.text for one in plan.ticks)
    if plan.state not in ("ready", "same-packages", "registered") and not trust:
        raise Conflict(
            f"{plan.name} v{plan.version} is not on this machine.",
            code="not_trusted",
            detail=f"Its author chose: {foreign}." if foreign else "",
            where=str(file),
            remedy="--trust builds it from the notebook: what its author wanted will be installed.",
        )
    # What is registered here may have been restored without what is foreign in it.
    ticked = [one.id for one in plan.ticks] if trust else []
    if ticked and not session.json:
        note(f"Trusted: {foreign}")
    row = workspace.notebooks.restore(remembered, ticked=ticked)
    started = workspace.build(row.name, row.version)
    if not started.ended:
        started = follow_to_end(session, started)
    if started.state != "succeeded":
        conclude(session, started)
        return FAILED
    kernel = workspace.install_kernel(row.name, row.version)
    values = {name: execute.parameter_of(value) for name, value in parameters}
    if values:
        execute.inject(content, values)
    target = output or file
    quiet = session.json
    if not quiet:
        note(f"{file} in {kernel.display_name}")
    try:
        count = execute.execute(
            content,
            kernel_name=kernel.kernel_name,
            label=f"{row.name} v{row.version}",
            place=file.absolute().parent,
            timeout=timeout,
            on_cell=None if quiet else lambda index, source: note(_heading(index, source)),
            on_output=None if quiet else lambda text: click.echo(text, nl=False),
        )
    finally:
        files.save(target, content)
    if session.json:
        emit({"path": str(target), "name": row.name, "version": row.version, "cells": count})
    else:
        say(f"{count} cells ran; written to {target}.")
    return OK


@verb("discover")
@click.argument("file", type=FILE)
def discover(session: Session, file: Path) -> None:
    """Propose requirements from the imports of a notebook; nothing of it is run.

    The answer is a requirements file: `mlenv notebook discover FILE > requirements.txt`.
    """
    from importlib.metadata import packages_distributions

    from mlenv_jupyter.notebooks import files, knowledge
    from mlenv_jupyter.notebooks.discover import discover as look

    content = files.load(file)
    sources = [one.source for one in content.cells if one.cell_type == "code"]
    beside = [one.name for one in file.absolute().parent.iterdir()]
    found = look(
        sources,
        beside=beside,
        installed=packages_distributions(),
        bringers=knowledge.bringers,
    )
    if session.json:
        emit(found)
        return
    for one in found.proposed:
        say(one.requirement)
    for module in found.unknown:
        say(f"# import {module}: which package?")
    if found.unread:
        note(f"{plural(found.unread, 'cell')} could not be read.")
    if found.unknown and not knowledge.is_here():
        note("More modules are known with: pip install 'mlenv-jupyter[discover]'.")


def _heading(index: int, source: str) -> str:
    first = source.strip().splitlines()
    return f"[{index}] {first[0] if first else ''}"


for one in (stamp, check, run, discover):
    notebook.add_command(one)
COMMANDS = (notebook,)
