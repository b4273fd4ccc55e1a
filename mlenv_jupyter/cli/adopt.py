"""``mlenv adopt``: what is on this machine already, made reproducible."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.exchange import show_report
from mlenv_jupyter.cli.output import emit, note, plural, say, table
from mlenv_jupyter.cli.session import Session, verb
from mlenv_jupyter.core.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from mlenv_jupyter.core.existing import Existing


@verb("adopt")
@click.argument("which", required=False, metavar="[DIRECTORY|NAME|ID]")
@click.option("-n", "--name", help="What it is to be called; its own name if left out.")
@click.option("--dry-run", is_flag=True, help="Only report what would be taken.")
@click.option("-d", "--description")
@click.option("-m", "--message", default="", help="What is new in this version.")
def adopt(
    session: Session,
    which: str | None,
    name: str | None,
    dry_run: bool,
    description: str | None,
    message: str,
) -> None:
    """List the environments that are there already, or register one with a lock of what is in it.

    It is only read: venvs, conda environments, pyenv's Pythons, the Python of a kernel.
    """
    adoption = session.workspace.adoption
    if which is None:
        _list(session, adoption.found())
        return
    prefix = _prefix(which, adoption.found() if not Path(which).is_dir() else ())
    read = adoption.read(prefix)
    if dry_run:
        if session.json:
            emit(
                {
                    "name": read.name,
                    "definition": read.definition,
                    "report": read.report,
                    "problems": read.problems,
                }
            )
        else:
            show_report(read)
            note("Nothing was registered (--dry-run).")
        return
    wanted = name or read.name or ""
    from mlenv_jupyter.core.names import check_name

    made = adoption.adopt(prefix, check_name(wanted), description=description, message=message)
    version = session.workspace.version(made.version.name, made.version.version)
    if session.json:
        emit(
            {
                "version": version,
                "locked": made.locked,
                "report": made.read.report,
                "problems": made.read.problems,
            }
        )
        return
    show_report(made.read)
    what = "Registered" if made.created else "This is already"
    lock = f", locked to {plural(made.locked, 'package')}" if made.locked is not None else ""
    say(f"{what} {version.reference}{lock}.")
    note(f"Build it: mlenv build {version.reference}")


def _list(session: Session, found: tuple[Existing, ...]) -> None:
    if session.json:
        emit({"items": found})
        return
    table(
        ("ID", "KIND", "NAME", "PYTHON", "PACKAGES", "WHERE"),
        ((o.id, o.kind, o.name, o.python, str(o.packages), o.prefix) for o in found),
    )
    note("Make one reproducible: mlenv adopt DIRECTORY -n NAME")


def _prefix(which: str, found: tuple[Existing, ...]) -> Path:
    if not found:
        return Path(which).expanduser().absolute()
    chosen = [one for one in found if which in (one.id, one.name)]
    if len(chosen) > 1:
        raise InvalidRequest(
            f"{which!r} is {len(chosen)} environments: "
            + ", ".join(one.prefix for one in chosen)
            + ".",
            where="which",
            remedy="Name its directory or its id.",
        )
    if not chosen:
        raise NotFound(
            f"There is no environment {which!r} here.",
            where="which",
            remedy="`mlenv adopt` lists them.",
        )
    return Path(chosen[0].prefix)


COMMANDS = (adopt,)
