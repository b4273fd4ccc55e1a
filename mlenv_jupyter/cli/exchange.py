"""``mlenv import`` and ``mlenv export``: files that people have, and files that they want."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mlenv_jupyter.cli.answers import show_registered
from mlenv_jupyter.cli.output import emit, facts, note, say
from mlenv_jupyter.cli.session import REFERENCE, Session, verb
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, Unavailable

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.formats import Imported

Pair = tuple[str, "str | None"]
FORMS = (
    *("requirements", "requirements-unpinned", "requirements-hashed", "conda", "pixi", "pylock"),
    *("script", "dockerfile", "devcontainer", "azureml", "sbom", "json"),
)
"""``formats.EXPORTS``, named here so that the command line need not import it to say its help."""

WORDS = {"taken": "✓ taken", "kept": "~ kept, not honoured", "refused": "✗ refused"}


@verb("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE|DIR")
@click.option("-n", "--name", help="The environment's name; that in the file if left out.")
@click.option("--dry-run", is_flag=True, help="Only report what would be taken.")
@click.option("--format", "form", help="The format, where name and content do not tell it.")
@click.option("--extra", "extras", multiple=True, help="An extra of a project, to be taken, too.")
@click.option("--group", "groups", multiple=True, help="A dependency group, to be taken, too.")
@click.option("-d", "--description")
@click.option("-m", "--message", default="", help="What is new in this version.")
def import_(
    session: Session,
    file: Path,
    name: str | None,
    dry_run: bool,
    form: str | None,
    extras: tuple[str, ...],
    groups: tuple[str, ...],
    description: str | None,
    message: str,
) -> None:
    """Register what a FILE or directory says: requirements, conda, pyproject, locks and more.

    `-` reads standard input. An existing name gets its next version.
    """
    from mlenv_jupyter.beside import take_along
    from mlenv_jupyter.core.names import check_name

    if file.suffix == ".mlenv":
        from mlenv_jupyter.cli.bundle import take

        take(session, file, name, description, message, dry_run)
        return
    read = read_file(file, form=form, extras=extras, groups=groups)
    if str(file) != "-":
        beside = file if file.is_dir() else file.parent
        read = take_along(read, beside, None if dry_run else session.workspace.wheels)
    name = name or read.name
    if name is not None:
        check_name(name)
    if dry_run:
        if session.json:
            emit(
                {
                    "name": name,
                    "format": read.format,
                    "definition": read.definition,
                    "report": read.report,
                    "problems": read.problems,
                }
            )
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
    _require_something(read, file)
    version, created = session.workspace.register(
        name,
        with_context(session, read.definition),
        description=description,
        message=message,
        version=read.version,
    )
    if session.json:
        emit({**msgspec.to_builtins(version), "report": msgspec.to_builtins(read.report)})
        return
    show_report(read)
    show_registered(session, version, created)


@verb("export")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option("--format", "form", default="requirements", show_default=True, help=", ".join(FORMS))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A file, or a directory for a format of several files; else it is printed.",
)
def export(session: Session, reference: Pair, form: str, output: Path | None) -> None:
    """Write a version as files that other tools read."""
    files = session.workspace.exports.files(*reference, form)
    single = next(iter(files.values())) if len(files) == 1 else None
    places: list[Path] = []
    if output is not None:
        places = _written(files, output, single)
    elif single is None and not session.json:
        raise InvalidRequest(
            f"{form} has several files: {', '.join(files)}.",
            where="output",
            remedy="Name a directory for them with -o DIR.",
        )
    if session.json:
        emit(
            {
                "format": form,
                "text": single,
                "files": files,
                "file": str(output) if output else None,
                "left_out": session.workspace.exports.left_out(*reference, form),
            }
        )
    elif single is not None and output is None:
        click.echo(single, nl=not single.endswith("\n"))
    for place in places if not session.json else ():
        say(f"Wrote {place}.")
    lost = session.workspace.exports.left_out(*reference, form)
    if lost and not session.json:
        note(f"Not in it, as {form} has no place for it: {', '.join(lost)}.")


@verb("lock")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
def lock(session: Session, reference: Pair) -> None:
    """Print what a version is locked to here: every package, exact, with its hash."""
    found = session.workspace.version(*reference)
    if found.packages is None:
        raise Conflict(
            f"{found.reference} is not resolved yet.",
            code="not_built",
            where=found.reference,
            remedy=f"Build it: `mlenv build {found.reference}`.",
        )
    if session.json:
        emit({"reference": found.reference, "digest": found.lock_digest, "items": found.packages})
        return
    for one in found.packages:
        say(f"{one.name}=={one.version} --hash=sha256:{one.sha256}")


COMMANDS = (import_, export, lock)


def _written(files: dict[str, str], output: Path, single: str | None) -> list[Path]:
    if single is not None and not output.is_dir():
        there = {output: single}
    else:
        there = {output / name: text for name, text in files.items()}
    try:
        for place, text in there.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(
            f"{error.filename or output} cannot be written: {error.strerror}."
        ) from error
    return list(there)


def read_file(
    file: Path,
    *,
    form: str | None = None,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
) -> Imported:
    """A file or directory, or standard input for ``-``, as a definition and a report.

    Raises MlenvError.
    """
    from mlenv_jupyter.files import MAX_FILE, read_path
    from mlenv_jupyter.formats import decode_text, read_text

    if str(file) == "-":
        text = decode_text(sys.stdin.buffer.read(MAX_FILE + 1))
        return read_text("", text, form=form, extras=extras, groups=groups)
    return read_path(file, form=form, extras=extras, groups=groups)


def with_context(session: Session, definition: Definition) -> Definition:
    """The definition with its local build context kept by its content."""
    docker = definition.docker
    context = docker.build_context if docker is not None else None
    if docker is None or context is None or context.location_type != "local":
        return definition
    if context.sha256 is not None or not Path(context.location).is_dir():
        return definition
    digest, _ = session.workspace.contexts.add(Path(context.location), context.dockerfile_path)
    change = msgspec.structs.replace
    kept = change(docker, build_context=change(context, sha256=digest))
    return change(definition, docker=kept)


def _require_something(read: Imported, file: Path) -> None:
    """Refuse what would be an environment of nothing, as a file with one wrong bracket is."""
    if read.report.kept and not (read.report.taken or read.definition.wanted):
        shown = "standard input" if str(file) == "-" else str(file)
        raise InvalidRequest(
            f"Nothing that {shown} says could be taken.",
            detail="\n".join(map(str, read.report.kept)),
            remedy="Correct it, or say its format with --format.",
        )


def show_report(read: Imported) -> None:
    """What was taken, kept and refused of a file."""
    report: Any = read.report
    facts(
        (word, "\n".join(str(line) for line in getattr(report, part)))
        for part, word in WORDS.items()
    )
