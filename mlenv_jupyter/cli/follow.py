"""Following a build: its log record by record, as a progress bar, as plain lines or as NDJSON."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from mlenv_jupyter.cli.output import colour, duration, note, plural, say, seconds_between
from mlenv_jupyter.core.build import Build, LogRecord
from mlenv_jupyter.core.errors import BuildCancelled, BuildFailed, MlenvError, NotFound, Unavailable

if TYPE_CHECKING:
    from mlenv_jupyter.cli.session import Session
    from mlenv_jupyter.workspace import Workspace

POLL = 0.05
"""Seconds between two looks at the log: another process appends to it."""
ASK = 1.0
"""Seconds of silence after which the Workspace is asked whether the build still lives."""
AGAIN = 2.0
"""Seconds in which a second Ctrl-C cancels the build."""
SGR = re.compile(
    r"\x1b\[[0-9;:]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]"
)
STAGE_WORDS = {
    "queued": "Queued",
    "resolving": "Resolving",
    "installing": "Installing",
    "verifying": "Verifying",
}


def raw_lines(workspace: Workspace, build_id: str, *, follow: bool) -> Iterator[bytes]:
    """The whole lines of a build's log; with ``follow`` until the build has ended."""
    log, pause = _Log(workspace.log_path(build_id)), threading.Event()
    quiet, ended = 0.0, not follow
    while True:
        before = log.offset
        for line in log.lines():
            yield line
            ended = ended or b'"k":"result"' in line
        if log.offset > before:
            quiet = 0.0
            continue
        if ended:
            return
        pause.wait(POLL)
        quiet += POLL
        if quiet >= ASK:
            # A worker that was killed writes no result: the Workspace knows by its lock.
            quiet, ended = 0.0, workspace.wait(build_id, 0).ended


def records(workspace: Workspace, build_id: str, *, follow: bool = True) -> Iterator[LogRecord]:
    """The same, decoded; a line that a crash cut is passed over."""
    return _decoded(raw_lines(workspace, build_id, follow=follow))


class Shown:
    """What is new in the log of a run or a service, each record once; with ``--json`` as NDJSON."""

    def __init__(self, session: Session, path: Path, show: Callable[[LogRecord], None]) -> None:
        self._json = session.json
        self._log = _Log(path)
        self._show = show

    def show(self) -> None:
        """Show what has come since the last call."""
        before = -1
        while self._log.offset > before:
            before = self._log.offset
            for record in _decoded(self._log.lines()):
                (write_line if self._json else self._show)(record)


class _Log:
    """The whole lines of a log as they come; ``offset`` is how many bytes of it were read."""

    def __init__(self, path: Path) -> None:
        self.offset = 0
        self._path = path
        self._rest = b""

    def lines(self) -> list[bytes]:
        """Those of the next stretch; none where nothing is new, or where a line is longer."""
        data = _read(self._path, self.offset)
        self.offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


def _decoded(lines: Iterable[bytes]) -> Iterator[LogRecord]:
    decode = msgspec.json.Decoder(LogRecord).decode
    for line in lines:
        try:
            yield decode(line)
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue


def follow_to_end(session: Session, build: Build) -> Build:
    """Show a build until it ends, in the form that suits the output; its last state.

    Raises KeyboardInterrupt after Ctrl-C; the build goes on unless Ctrl-C came twice.
    """
    try:
        if session.json:
            write_line({"build": build})
            for line in raw_lines(session.workspace, build.id, follow=True):
                write_bytes(line)
        elif sys.stdout.isatty():
            _show_bar(session.workspace, build)
        else:
            for record in records(session.workspace, build.id):
                show_plain(record)
    except KeyboardInterrupt:
        _interrupted(session, build)
        raise
    ended = session.workspace.wait(build.id)
    if session.json:
        write_line({"build": ended})
    return ended


def conclude(session: Session, build: Build) -> None:
    """Say how a build ended. Raises BuildFailed, BuildCancelled or Unavailable."""
    reference = f"{build.name}:{build.version}"
    if build.state == "succeeded":
        if session.json:
            return
        took = seconds_between(build.started_at, build.finished_at)
        stages = [one.seconds for one in build.stages if one.seconds is not None]
        if stages:
            took = duration(sum(stages))
        parts = [plural(build.packages, "package")] if build.packages is not None else []
        parts.append("built already" if build.reused else f"built in {took}" if took else "built")
        say(click.style("● Ready: ", fg="green", bold=True) + f"{reference} ({', '.join(parts)})")
        note(f"Use it: mlenv use {reference} (a notebook), mlenv exec {reference} -- python")
        return
    if build.state == "cancelled":
        raise BuildCancelled(
            f"The build of {reference} was cancelled.",
            remedy=f"Build again: mlenv build {reference}",
        )
    if build.error is not None:
        error = build.error
        if error.fixes and not session.json:
            how = f"`mlenv mend {reference}` builds the next version with the first fix."
            error = msgspec.structs.replace(error, remedy=f"{error.remedy} {how}".strip())
        raise BuildFailed.of(error)
    if build.state == "interrupted":
        raise Unavailable(
            f"The build of {reference} was interrupted: its process is gone.",
            code="interrupted",
            remedy=f"Build again: mlenv build {reference}",
        )
    raise BuildFailed(
        f"The build of {reference} failed.", remedy=f"See the log: mlenv log {build.id}"
    )


def find_build(session: Session, text: str) -> Build:
    """The build with that id, or the newest of ``NAME[:V]``; raises NotFound."""
    from mlenv_jupyter.core.names import canonical_name, split_reference
    from mlenv_jupyter.store.places import BUILD_ID

    workspace = session.workspace
    if BUILD_ID.fullmatch(text):
        return workspace.build_of(text)
    name, version = split_reference(text)
    name = canonical_name(name)
    wanted = workspace.version(name, version).version if version else None
    for build in workspace.builds(limit=500, name=name):
        if wanted is None or build.version == wanted:
            return build
    if wanted is None:
        workspace.environment(name)
    raise NotFound(f"{text} has never been built.", remedy=f"Build it: mlenv build {text}")


def show_plain(record: LogRecord) -> None:
    """One record as a line of text."""
    if record.k == "line":
        say(f"{record.t:7.1f}  {clean(record.x)}")
    elif record.k == "stage":
        word = STAGE_WORDS.get(record.s, record.s)
        say(f"{record.t:7.1f}  {word}" + (f": {clean(record.x)}" if record.x else ""))


def clean(text: str) -> str:
    """A line without colours and other control sequences."""
    return SGR.sub("", text)


def write_line(value: object) -> None:
    """One value as a line of NDJSON."""
    write_bytes(msgspec.json.encode(value))


def write_bytes(line: bytes) -> None:
    """A line, and at once: whoever reads follows along."""
    click.echo(line + b"\n", nl=False)


def _show_bar(workspace: Workspace, build: Build) -> None:
    """Log lines above, stage and progress below."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[stage]:<11}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        transient=True,
    )
    with progress:
        task = progress.add_task("", total=None, stage=_word(build), count="")
        for record in records(workspace, build.id):
            if record.k == "progress":
                data = record.d
                done, total = int(data.get("done", 0)), int(data.get("total", 0))
                count = f"{done} of {plural(total, 'package')}"
                progress.update(task, completed=done, total=total or None, count=count)
            elif record.k == "stage":
                progress.update(task, stage=STAGE_WORDS.get(record.s, record.s), count="")
                progress.reset(task, total=None, completed=0, start=True)
                shown = f"{STAGE_WORDS.get(record.s, record.s)}  {clean(record.x)}".rstrip()
                progress.console.print(Text(f"{record.t:6.1f}  ", "dim").append(shown, "bold"))
            elif record.k == "line":
                style = {"warn": "yellow", "error": "red"}.get(record.l, "")
                line = Text(f"{record.t:6.1f}  ", "dim")
                progress.console.print(line.append_text(Text.from_ansi(record.x, style=style)))


def _interrupted(session: Session, build: Build) -> None:
    """The first Ctrl-C leaves the build running; a second one soon after cancels it."""
    reference = f"{build.name}:{build.version}"
    if session.json:
        return
    note(
        f"\nThe build of {reference} goes on in the background.\n"
        f"  Come back:  mlenv build {reference}\n"
        f"  Stop it:    mlenv cancel {reference}"
    )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    try:
        # In here, as the second may come while this is being written.
        click.echo("  (Ctrl-C again now stops it.)", err=True, color=colour(sys.stderr))
        threading.Event().wait(AGAIN)
    except KeyboardInterrupt:
        try:
            session.workspace.cancel(build.id)
            session.workspace.wait(build.id, 10)
            note(f"The build of {reference} was cancelled.")
        except MlenvError as error:
            note(str(error))


def _word(build: Build) -> str:
    return STAGE_WORDS.get(build.state, build.state)


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            return os.pread(file.fileno(), 1 << 18, offset)
    except FileNotFoundError:
        return b""
