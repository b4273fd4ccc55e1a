"""``mlenv catalogue …``: the curated environments, and how they are kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.answers import MARKS
from mlenv_jupyter.cli.output import age, emit, note, plural, say, state, table
from mlenv_jupyter.cli.session import REFERENCE, Session, common, verb

if TYPE_CHECKING:
    from mlenv_jupyter.builds.curate import Refreshed

Pair = tuple[str, "str | None"]
DIRECTORY = click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The catalogue's directory; `catalogue` in MLENV_HOME if left out.",
)


@click.group("catalogue")
@common
def catalogue() -> None:
    """The curated environments: those of mlenv, and those of your team."""


@verb("list")
def list_(session: Session) -> None:
    """List the curated environments, and the files of a team's that are broken."""
    items = session.workspace.catalogue()
    problems = session.workspace.registry.catalogue.look().problems
    if session.json:
        emit({"items": items, "problems": problems})
        return
    table(
        ("NAME", "VERSION", "STATE", "CHANGED", "WHAT IT IS"),
        (
            (
                one.name,
                one.latest.version,
                state(one.latest.state),
                age(one.updated_at),
                one.description,
            )
            for one in items
        ),
    )


@verb("publish")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@DIRECTORY
@click.option("--as", "name", help="What it is called there; its own name if left out.")
@click.option("--description", help="What it is, in a sentence.")
def publish(
    session: Session,
    reference: Pair,
    directory: Path | None,
    name: str | None,
    description: str | None,
) -> None:
    """Write a version with its lock into a team's catalogue; it is read-only for whoever reads it.

    What is there under that name gets its next version.
    """
    made = session.workspace.curation.publish(
        *reference, directory=directory, new_name=name, description=description
    )
    if session.json:
        emit({"name": made.name, "version": made.version, "file": str(made.place / made.file)})
        return
    say(f"Wrote {made.name} v{made.version} to {made.place / made.file}.")
    note("Others read it through c.Workspace.catalogue_directories.")


@verb("refresh")
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@DIRECTORY
@click.option("--replace", is_flag=True, help="Keep the version's number: nobody has it yet.")
def refresh(session: Session, names: Sequence[str], directory: Path | None, replace: bool) -> None:
    """Resolve a catalogue anew; what has changed becomes its next version, locked."""
    _report(session, session.workspace.curation.refresh(names, directory, replace=replace))


@verb("diff")
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@DIRECTORY
def diff(session: Session, names: Sequence[str], directory: Path | None) -> None:
    """What a refresh would change; nothing is written."""
    _report(session, session.workspace.curation.refresh(names, directory, write=False))


def _report(session: Session, found: Sequence[Refreshed]) -> None:
    if session.json:
        emit({"items": found})
        return
    for one in found:
        new = f"v{one.before} → v{one.after}" if one.after != one.before else f"v{one.before}"
        if one.changes is None:
            say(f"{one.name} {new}: locked, {plural(one.packages, 'package')}")
            continue
        what = plural(len(one.changes), "change") if one.changes else "the same"
        say(f"{one.name} {new}: {what}")
        for change in one.changes:
            values = " → ".join(v for v in (change.before, change.after) if v is not None)
            say(f"  {MARKS[change.change]} {change.name}  {values}")


for one in (list_, publish, refresh, diff):
    catalogue.add_command(one)
COMMANDS = (catalogue,)
