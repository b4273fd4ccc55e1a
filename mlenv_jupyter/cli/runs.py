"""``mlenv run`` and ``mlenv runs …``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.follow import Shown, clean, write_line
from mlenv_jupyter.cli.output import age, emit, note, say, seconds_between, state, table
from mlenv_jupyter.cli.session import REFERENCE, Session, common, verb
from mlenv_jupyter.core.errors import InvalidRequest, RunFailed

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import LogRecord
    from mlenv_jupyter.core.run import Run

Pair = tuple[str, "str | None"]


class _Run(click.Command):
    """Takes options on both sides of NAME where ``--`` says at which word the command begins."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            ctx.allow_interspersed_args = True
            try:
                before, _, _ = self.make_parser(ctx).parse_args(args[: args.index("--")])
            except click.UsageError:
                before = {"command": ("what is no option of ours",)}
            begun = before.get("command")  # a tuple, or what click has for nothing
            # Otherwise the ``--`` is the command's own.
            ctx.allow_interspersed_args = not (isinstance(begun, tuple) and begun)
        return super().parse_args(ctx, args)


@verb(
    "run",
    cls=_Run,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("-s", "--source", default=".", show_default=True, help="The directory to run in.")
@click.option("--experiment", metavar="NAME", help="What to keep it under.")
@click.option(
    "--target",
    help="local, docker, ray, or a Ray cluster: http://HOST:8265; as the version is if left out.",
)
@click.option("--detach", is_flag=True, help="Do not follow: print the run's id.")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND ...")
def run(
    session: Session,
    source: str,
    experiment: str | None,
    target: str | None,
    detach: bool,
    reference: Pair,
    command: Sequence[str],
) -> int | None:
    """Run a command on a copy of a directory, and keep its output, outputs/ and exit code.

    The version is built first where it is not; one that is an image runs in a container, as any
    does with --target docker. Ctrl-C stops following, and the run goes on. Ends with the
    command's exit code.
    """
    from mlenv_jupyter.core.run import RunRequest

    if command[:1] == ("--",):
        command = command[1:]
    if not command:
        raise InvalidRequest("There is no command to run.", remedy="mlenv run NAME -- COMMAND …")
    if command[0].startswith("-"):
        raise InvalidRequest(
            f"{command[0]} is no command, and no option that is known here.",
            where="command",
            remedy="The options of mlenv stand before `--`: mlenv run NAME --target docker -- …",
        )
    name, version = reference
    submitted = session.workspace.runs.submit(
        RunRequest(
            experiment=experiment or name,
            name=name,
            version=version,
            source_directory=source,
            command=tuple(command),
            target=target,
        )
    )
    if detach:
        if session.json:
            emit(submitted)
        else:
            say(submitted.id)
            note(f"Follow it: mlenv runs log {submitted.id} --follow")
        return None
    return _follow(session, submitted)


@click.group("runs")
@common
def runs() -> None:
    """Scripts that ran, or run, in versions."""


@verb("list")
@click.argument("name", default="")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 500))
def list_(session: Session, name: str, limit: int) -> None:
    """List the runs, of one environment or of all, newest first."""
    found = session.workspace.runs.newest(limit=limit, name=name or None)
    if session.json:
        emit({"items": found})
        return
    if not found:
        say("Nothing has run yet.")
        return
    rows = [
        (
            one.id,
            one.experiment,
            f"{one.name}:{one.version}",
            state(one.state),
            age(one.created_at),
            seconds_between(one.started_at, one.finished_at),
            "" if one.exit_code is None else str(one.exit_code),
        )
        for one in found
    ]
    table(("RUN", "EXPERIMENT", "VERSION", "STATE", "WHEN", "TOOK", "EXIT"), rows)


@verb("log")
@click.argument("run_id", metavar="RUN")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
def log(session: Session, run_id: str, follow: bool) -> int | None:
    """Print what a run has said."""
    found = session.workspace.runs.get(run_id)
    if follow:
        return _follow(session, found)
    _shown(session, found.id).show()
    return None


@verb("again")
@click.argument("run_id", metavar="RUN")
@click.option("--detach", is_flag=True, help="Do not follow: print the new run's id.")
def again(session: Session, run_id: str, detach: bool) -> int | None:
    """Run the same once more: version, sources and command as they were then."""
    made = session.workspace.runs.again(run_id)
    if detach:
        if session.json:
            emit(made)
        else:
            say(made.id)
        return None
    return _follow(session, made)


@verb("cancel")
@click.argument("run_id", metavar="RUN")
def cancel(session: Session, run_id: str) -> None:
    """Stop a run, with all that it started; what it has written stays."""
    session.workspace.runs.cancel(run_id)
    found = session.workspace.runs.wait(run_id, timeout=10)
    if session.json:
        emit(found)
    else:
        say(f"The run {found.id}: {state(found.state)}")


runs.add_command(list_)
runs.add_command(log)
runs.add_command(cancel)
runs.add_command(again)
COMMANDS = (run, runs)


def _shown(session: Session, run_id: str) -> Shown:
    """Of a run only what it said itself, where it said it."""

    def show(record: LogRecord) -> None:
        if record.k == "line":
            click.echo(clean(record.x), err=record.l != "out")

    return Shown(session, session.workspace.runs.log_path(run_id), show)


def _follow(session: Session, found: Run) -> int:
    shown, pause = _shown(session, found.id), threading.Event()
    try:
        while not found.ended:
            found = session.workspace.runs.wait(found.id, 0)
            shown.show()
            pause.wait(0.1)
    except KeyboardInterrupt:
        note(f"The run goes on. Stop it: mlenv runs cancel {found.id}")
        raise
    shown.show()
    if session.json:
        write_line({"run": found})
    if found.exit_code is None and found.state != "succeeded":
        if found.error is not None:
            raise RunFailed.of(found.error)
        raise RunFailed(f"The run {found.id} was {found.state}.")
    code = found.exit_code or 0
    # As a shell has it for a signal.
    return code if code >= 0 else 128 - code
