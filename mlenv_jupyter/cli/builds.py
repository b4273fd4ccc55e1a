"""``mlenv build``, ``builds``, ``log``, ``cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.follow import (
    conclude,
    find_build,
    follow_to_end,
    raw_lines,
    records,
    show_plain,
    write_bytes,
    write_line,
)
from mlenv_jupyter.cli.output import age, emit, note, plural, say, seconds_between, state, table
from mlenv_jupyter.cli.session import AS, REFERENCE, Session, complete, verb
from mlenv_jupyter.core.errors import Conflict, InvalidRequest

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Build, Form

Pair = tuple[str, "str | None"]


@verb("build")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option("--force", is_flag=True, help="Build again what is built.")
@click.option("--no-cache", is_flag=True, help="Download everything anew.")
@click.option("--push", is_flag=True, help="Push the image to the workspace's registry.")
@click.option("--detach", is_flag=True, help="Do not follow: print the build's id.")
@AS
def build(
    session: Session,
    reference: Pair,
    force: bool,
    no_cache: bool,
    push: bool,
    detach: bool,
    form: Form | None,
) -> None:
    """Build a version and follow the log until it ends.

    Ctrl-C once stops following, and the build goes on; `mlenv build` again comes back to it.
    Ctrl-C twice cancels the build, like `mlenv cancel`.

    A definition says by itself whether a directory (a prefix) or an image comes of it, see
    `mlenv show`; --as asks for the other one of the same version, and both may be there.

    \b
    With --json: {"build": …}, the records of the log, {"build": …}, one a line.
    """
    started = session.workspace.build(
        *reference, force=force, cache=not no_cache, push=push, form=form
    )
    if detach:
        _submitted(session, started)
        return
    if started.ended:
        if session.json:
            write_line({"build": started})
    else:
        started = follow_to_end(session, started)
    conclude(session, started)


@verb("mend")
@click.argument("which", metavar="BUILD|NAME[:V]", shell_complete=complete)
@click.option("--fix", default=1, show_default=True, metavar="N", type=click.IntRange(1))
def mend(session: Session, which: str, fix: int) -> None:
    """Register the next version with a fix that a failed build proposes, and build it.

    \b
    With --json: as `mlenv build`.
    """
    from mlenv_jupyter.core.edits import with_fix

    failed = find_build(session, which)
    fixes = failed.error.fixes if failed.error else ()
    reference = f"{failed.name}:{failed.version}"
    if fix > len(fixes):
        found = plural(len(fixes), "fix", "fixes") if fixes else "no fix"
        raise InvalidRequest(
            f"The newest build of {reference} proposes {found}.",
            remedy=f"Change it yourself: mlenv save {reference} -p PACKAGE.",
        )
    base = session.workspace.version(failed.name, failed.version)
    assert base.definition is not None
    version, _ = session.workspace.register(
        base.name,
        with_fix(base.definition, fixes[fix - 1]),
        message=fixes[fix - 1].label,
        base=base.version,
    )
    started = session.workspace.build(version.name, version.version, form=failed.form)
    conclude(session, follow_to_end(session, started))


@verb("builds")
@click.argument("name", default="", shell_complete=complete)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 500))
def builds(session: Session, name: str, limit: int) -> None:
    """List the builds, newest first."""
    found = session.workspace.builds(limit=limit, name=name or None)
    if session.json:
        emit({"items": found})
        return
    if not found:
        say("Nothing has been built yet.")
        return
    rows = [
        (
            one.id,
            f"{one.name}:{one.version}",
            state(one.state) + (f" ({one.ahead} before it)" if one.ahead else ""),
            age(one.created_at),
            seconds_between(one.started_at, one.finished_at),
            one.error.message if one.error else "",
        )
        for one in found
    ]
    table(("BUILD", "VERSION", "STATE", "WHEN", "TOOK", "ERROR"), rows)


@verb("log")
@click.argument("which", metavar="BUILD|NAME[:V]", shell_complete=complete)
@click.option("-f", "--follow", is_flag=True, help="Go on until the build ends.")
def log(session: Session, which: str, follow: bool) -> None:
    """Print the log of a build, or of the newest build of a version."""
    found = find_build(session, which)
    if session.json:
        for line in raw_lines(session.workspace, found.id, follow=follow):
            write_bytes(line)
    elif follow and not found.ended:
        conclude(session, follow_to_end(session, found))
    else:
        for record in records(session.workspace, found.id, follow=False):
            show_plain(record)


@verb("cancel")
@click.argument("which", metavar="BUILD|NAME[:V]", shell_complete=complete)
def cancel(session: Session, which: str) -> None:
    """Stop a build; nothing of it stays."""
    found = find_build(session, which)
    if found.ended:
        raise Conflict(
            f"The build {found.id} of {found.name}:{found.version} has ended: {found.state}.",
            remedy="`mlenv builds` shows which are running.",
        )
    session.workspace.cancel(found.id)
    found = session.workspace.wait(found.id, timeout=10)
    if session.json:
        emit(found)
    elif found.ended:
        say(f"The build of {found.name}:{found.version}: {state(found.state)}")
    else:
        note(f"The build of {found.name}:{found.version} is being cancelled.")


COMMANDS = (build, mend, builds, log, cancel)


def _submitted(session: Session, started: Build) -> None:
    if session.json:
        emit(started)
        return
    say(started.id)
    reference = f"{started.name}:{started.version}"
    if started.ended:
        note(f"{reference} is built already.")
    else:
        note(f"Follow it: mlenv log {started.id} --follow. Stop it: mlenv cancel {started.id}")
