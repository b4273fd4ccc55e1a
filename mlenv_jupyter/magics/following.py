"""Following a build from a cell: what is known of it so far, from the lines of the command.

IPython is not needed here; standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

REFRESH = 0.2
"""Seconds between two updates of the display."""
KEPT = 40
"""Lines of the log that stay in the notebook; the whole is in the build's log."""
STAGES = ("queued", "resolving", "installing", "verifying")
CONTROL = re.compile(
    r"\x1b\[[0-9;:]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]"
)


class Interrupted(Exception):
    """The cell was interrupted; the text says what became of the build."""


class View:
    """What is known of one build."""

    def __init__(self) -> None:
        self.build: dict[str, Any] = {}
        self.stage = "queued"
        self.began: dict[str, float] = {}
        self.took: dict[str, float] = {}
        self.at = 0.0
        self.progress: dict[str, Any] = {}
        self.lines: deque[tuple[float, str, str]] = deque(maxlen=KEPT)
        self.count = 0
        self.printed = 0
        self.interrupted = False
        self._clock = (time.monotonic(), 0.0)

    @property
    def state(self) -> str:
        return str(self.build.get("state", "queued"))

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed", "cancelled", "interrupted")

    @property
    def reference(self) -> str:
        """``NAME:VERSION``, as every command takes it."""
        return f"{self.build.get('name', '')}:{self.build.get('version', '')}"

    @property
    def title(self) -> tuple[str, str]:
        """Name and version, for people."""
        version = str(self.build.get("version", ""))
        return str(self.build.get("name", "")), "v" + version if version.isdigit() else version

    @property
    def seconds(self) -> float:
        """Seconds since the build began, going on between records."""
        return self.at if self.ended else self.at + time.monotonic() - self._clock[0]

    def feed(self, line: bytes | str) -> None:
        """One line of NDJSON; what cannot be read is passed over."""
        try:
            record = json.loads(line)
        except ValueError:
            return
        if not isinstance(record, dict):
            return
        if "build" in record:
            if not self.build:
                self._clock = (time.monotonic(), 0.0)
            self.build = record["build"]
            if self.ended:
                self._finish()
            return
        self.at = max(self.at, float(record.get("t", 0.0)))
        self._clock = (time.monotonic(), self.at)
        kind = record.get("k")
        if kind == "stage":
            self._enter(str(record.get("s", self.stage)))
        elif kind == "progress":
            self.progress = record.get("d") or {}
        elif kind == "line":
            self.count += 1
            text = clean(str(record.get("x", "")))
            self.lines.append((self.at, text, str(record.get("l", "out"))))

    def stages(self) -> list[tuple[str, str, float | None]]:
        """(stage, ``done``, ``running``, ``failed`` or ``waiting``, seconds), then ``ready``."""
        made: list[tuple[str, str, float | None]] = []
        reached = STAGES.index(self.stage) if self.stage in STAGES else 0
        ready = self.state == "succeeded"
        for number, stage in enumerate(STAGES):
            if ready or number < reached:
                made.append((stage, "done", self.took.get(stage)))
            elif number == reached:
                spent = self.seconds - self.began.get(stage, 0.0)
                made.append((stage, "failed" if self.ended else "running", max(0.0, spent)))
            else:
                made.append((stage, "waiting", None))
        made.append(("ready", "done" if ready else "waiting", None))
        return made

    def _enter(self, stage: str) -> None:
        if stage not in STAGES:
            return
        if STAGES.index(stage) < STAGES.index(self.stage):  # queued once more
            self.began, self.took = {}, {}
        elif stage != self.stage:
            self.took[self.stage] = self.at - self.began.get(self.stage, 0.0)
        self.stage, self.progress = stage, {}
        self.began.setdefault(stage, self.at)

    def _finish(self) -> None:
        for one in self.build.get("stages") or ():
            if one.get("seconds") is not None:
                self.took[one["stage"]] = float(one["seconds"])
            if one.get("state") in ("running", "failed"):
                self.stage = one["stage"]


def follow(child: Any, view: View, shown: Callable[[], None]) -> dict[str, Any] | None:
    """Feed a view from the running command until it ends; the problem, if it ended with one.

    Raises Interrupted after an interrupt of the cell, which leaves the build running.
    """
    lines: queue.Queue[bytes | None] = queue.Queue()
    errors: list[bytes] = []
    readers = [
        threading.Thread(target=_pass_on, args=(child.stdout, lines), daemon=True),
        threading.Thread(target=lambda: errors.append(child.stderr.read()), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        _watch(lines, view, shown)
        code = child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        if not view.build:
            raise Interrupted("Interrupted before the build began.") from None
        view.interrupted = True
        shown()
        name = view.reference
        raise Interrupted(
            f"The cell was interrupted; the build of {name} goes on. `%mlenv build {name}` comes "
            f"back to it, `%mlenv cancel {name}` stops it."
        ) from None
    finally:
        for reader in readers:
            reader.join()
        child.stdout.close()
        child.stderr.close()
    if view.build:
        shown()
    if not code:
        return None
    if view.build.get("error"):
        # The card of the build shows it already: only the cell's line is left to be made.
        return dict(view.build["error"], shown=True)
    return _problem(b"".join(errors), view, code)


def print_new(view: View, card: Callable[[View], Any]) -> None:
    """For a terminal: the lines that have come since the last time, and the end."""
    new = view.count - view.printed
    for at, text, _ in list(view.lines)[-new:] if new else ():
        print(f"{at:7.1f}  {text}")
    view.printed = view.count
    if view.ended:
        print(card(view).text)


def line_of(line: str) -> str | None:
    """One record of a log as a line of text; None for what is not shown."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if record.get("k") not in ("line", "stage"):
        return None
    text = clean(str(record.get("x", "")))
    if record["k"] == "stage":
        text = (str(record.get("s", "")).capitalize() + ": " + text).rstrip(": ")
    return "{:7.1f}  {}".format(record.get("t", 0.0), text)


def clean(text: str) -> str:
    """A line without colours and other control sequences."""
    return CONTROL.sub("", text)


def _watch(lines: Any, view: View, shown: Callable[[], None]) -> None:
    last, changed = 0.0, False
    while True:
        try:
            line = lines.get(timeout=REFRESH)
        except queue.Empty:
            changed = bool(view.build)  # time goes on, if nothing else does
        else:
            if line is None:
                return
            view.feed(line)
            changed = True
        if changed and view.build and not view.ended and time.monotonic() - last >= REFRESH:
            shown()
            last, changed = time.monotonic(), False


def _pass_on(pipe: Any, lines: Any) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(None)


def _problem(errors: bytes, view: View, code: int) -> dict[str, Any]:
    text = errors.decode("utf-8", "replace")
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)["error"]
        except (ValueError, KeyError, TypeError):
            continue
        return dict(found, shown=bool(view.build))
    return {"message": f"mlenv ended with exit code {code}.", "detail": text[-2000:]}
