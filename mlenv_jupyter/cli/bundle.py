"""``mlenv bundle`` and the import of one: to machines without a network."""

from __future__ import annotations

from pathlib import Path

import click

from mlenv_jupyter.cli.output import emit, note, plural, say, size
from mlenv_jupyter.cli.session import REFERENCE, Session, verb

Pair = tuple[str, "str | None"]


@verb("bundle")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="NAME-V.mlenv if left out.")
def bundle(session: Session, reference: Pair, output: Path | None) -> None:
    """Write a built version, its lock and its wheels into one file.

    `mlenv import FILE.mlenv` takes it in elsewhere, and `mlenv build` needs no network there:
    only the same platform and a Python of the same minor version.
    """
    made = session.workspace.bundle(*reference, output)
    if session.json:
        emit(made)
        return
    say(
        f"Wrote {made.file}: {made.name} {made.version}, {plural(made.wheels, 'wheel')}, "
        f"{size(made.size)}, for {made.platform} and Python {made.python}."
    )


def take(
    session: Session, file: Path, name: str | None, description: str | None, message: str, dry: bool
) -> None:
    """Import a bundle; with ``dry`` only say what is in it."""
    bundles = session.workspace.bundles
    if dry:
        found = bundles.read(file)
        if session.json:
            emit(
                {
                    "name": name or found.name,
                    "definition": found.definition,
                    "python": found.python,
                    "platform": found.platform,
                }
            )
        else:
            say(f"{found.name} {found.version}, for {found.platform} and Python {found.python}.")
            note("Nothing was registered (--dry-run).")
        return
    fields = {"description": description, "message": message}
    made = bundles.take(file, name, **{key: one for key, one in fields.items() if one})
    if session.json:
        emit({"version": made.version, "wheels": made.wheels, "notes": made.notes})
        return
    what = "Registered" if made.created else "This is already"
    say(f"{what} {made.version.reference}, with {plural(made.wheels, 'wheel')}.")
    for one in made.notes:
        note(f"Note: {one}")
    note(f"Build it, without a network if need be: mlenv build {made.version.reference}")


COMMANDS = (bundle,)
