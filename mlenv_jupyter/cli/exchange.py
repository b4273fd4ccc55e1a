"""``mlenv import`` and ``mlenv export``: files that people have, and files that they want."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlenv_jupyter.cli.output import emit, facts, note, say
from mlenv_jupyter.cli.session import REFERENCE, Session, verb
from mlenv_jupyter.core.errors import InvalidRequest, NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from mlenv_jupyter.formats import Imported

Pair = tuple[str, "str | None"]
MAX_FILE = 5_000_000
WORDS = {"taken": "✓ taken", "kept": "~ kept, not honoured", "refused": "✗ refused"}


@verb("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-n", "--name", help="The environment's name; that in the file if left out.")
@click.option("--dry-run", is_flag=True, help="Only report what would be taken.")
@click.option("-d", "--description")
@click.option("-m", "--message", default="", help="What is new in this version.")
def import_(
    session: Session,
    file: Path,
    name: str | None,
    dry_run: bool,
    description: str | None,
    message: str,
) -> None:
    """Register a requirements.txt, a conda YAML file or any other FILE that is understood.

    `-` reads standard input. An existing name gets its next version.
    """
    from mlenv_jupyter.cli.environments import show_registered
    from mlenv_jupyter.core.names import check_name

    read = read_file(file)
    name = name or read.name
    if name is not None:
        check_name(name)
    if dry_run:
        if session.json:
            emit({"name": name, "definition": read.definition, "report": read.report})
        else:
            show_report(read)
            note("Nothing was registered (--dry-run).")
        return
    if name is None:
        raise InvalidRequest(
            f"{file} does not say what the environment is called.",
            where="name",
            remedy="Give it a name with -n NAME.",
        )
    version, created = session.workspace.register(
        name, read.definition, description=description, message=message
    )
    if not session.json:
        show_report(read)
    show_registered(session, version, created)


@verb("export")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option(
    "--format",
    "form",
    type=click.Choice(["requirements", "conda", "json"]),
    default="requirements",
    show_default=True,
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file; else it is printed.")
def export(session: Session, reference: Pair, form: str, output: Path | None) -> None:
    """Write a version as a file that other tools read."""
    from mlenv_jupyter.formats import write

    text = write(form, session.workspace.version(*reference))
    if output is not None:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Unavailable(f"{output} cannot be written: {error.strerror}.") from error
    if session.json:
        emit({"format": form, "text": text, "file": str(output) if output else None})
    elif output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        say(f"Wrote {output}.")


COMMANDS = (import_, export)


def read_file(file: Path) -> Imported:
    """A file, or standard input for ``-``, as a definition and a report. Raises MlenvError."""
    from mlenv_jupyter.formats import read_text

    if str(file) == "-":
        return read_text("", sys.stdin.read(MAX_FILE + 1))

    def beside(other: str) -> str | None:
        try:
            return text_of(file.parent / other)
        except NotFound:
            return None

    return read_text(file.name, text_of(file), read=beside)


def text_of(file: Path) -> str:
    """A file's text; raises NotFound, TooLarge, InvalidRequest."""
    try:
        if file.stat().st_size > MAX_FILE:
            raise TooLarge(f"{file} is larger than 5 MB.", where=str(file))
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", where="file") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidRequest(f"{file} cannot be read: {reason}.", where="file") from error


def show_report(read: Imported) -> None:
    """What was taken, kept and refused of a file."""
    report: Any = read.report
    facts(
        (word, "\n".join(str(line) for line in getattr(report, part)))
        for part, word in WORDS.items()
    )
