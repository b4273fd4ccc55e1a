"""The log of a build: ``log.jsonl``, one record a line, appended and never changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from mlenv_jupyter.core.build import LogRecord, Progress, Stage
from mlenv_jupyter.core.redact import MASK, redact
from mlenv_jupyter.failpoints import reach

Level = Literal["out", "err", "note", "warn", "error"]
LOG = "log.jsonl"


HOLD = 0.01
"""Seconds that a line is held at most where lines come faster than one by one."""
HELD = 64 * 1024
"""Characters that are held at most."""


class LogWriter:
    """Appends records, each whole, in their order; it may be called from several threads.

    A line that comes alone is on its way to readers when the call returns, and so is everything
    that is not a line. Lines that come in a flood are cleaned, encoded and written together, at
    most ``HOLD`` seconds later: what cannot be written then is raised by the next call.
    """

    def __init__(
        self, path: Path, began: float, hidden: Callable[[], tuple[str, ...]] = tuple
    ) -> None:
        """``hidden`` gives the values that must be in no line, whatever they look like."""
        self._began = began
        self._hidden = hidden
        self._known: tuple[str, ...] = ()
        self._taken_out: list[str] = []
        self._stage: Stage = "queued"
        self._encode = msgspec.json.Encoder().encode_lines
        self._lock = threading.Lock()
        self._held: list[tuple[Stage, str, Level]] = []
        self._size = 0
        self._written = 0.0
        self._timer: threading.Timer | None = None
        self._failed: OSError | None = None
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def line(self, text: str, level: Level = "out") -> None:
        """One line of output, credentials taken out. Raises OSError."""
        with self._lock:
            self._hidden()  # a value may be here and gone again before the line is written
            self._held.append((self._stage, text, level))
            self._size += len(text)
            if self._size > HELD or time.monotonic() - self._written > HOLD or self._failed:
                self._write()
            elif self._timer is None:
                self._timer = threading.Timer(HOLD, self._write_held)
                self._timer.daemon = True
                self._timer.start()

    def stage(self, stage: Stage, text: str) -> None:
        """The build enters a stage. Raises OSError."""
        self._stage = stage
        self._now("stage", text)

    def progress(self, progress: Progress) -> None:
        """How far the stage is. Raises OSError."""
        self._now("progress", data=msgspec.to_builtins(progress))

    def result(self, data: dict[str, Any], text: str, level: Level) -> None:
        """The last record. Raises OSError."""
        self._now("result", text, level, data)

    def flush(self) -> None:
        """Have every line on its way to readers when this returns. Raises OSError."""
        with self._lock:
            self._write()

    def close(self) -> None:
        """Have it on disk. Raises OSError."""
        with self._lock:
            try:
                self._write()
                reach("log.sync")
                os.fsync(self._file)
            finally:
                self._held = []
                os.close(self._file)

    def _now(
        self,
        kind: Literal["stage", "progress", "result"],
        text: str = "",
        level: Level = "out",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        with self._lock:
            at = round(time.time() - self._began, 3)
            self._write(
                LogRecord(at, kind, self._stage, self._clean(text), level, dict(data or {}))
            )

    def _write_held(self) -> None:
        """What the timer does; nobody is there to be told of an error."""
        with self._lock:
            self._timer = None
            try:
                self._write()
            except OSError as error:
                self._failed = error

    def _write(self, *last: LogRecord) -> None:
        """Write what is held, and after it ``last``; the lock is ours."""
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        held, self._held, self._size = self._held, [], 0
        records = [*self._lines(held), *last]
        if not records:
            return
        reach("log.write")
        data = memoryview(self._encode(records))
        while data:
            data = data[os.write(self._file, data) :]
        self._written = time.monotonic()

    def _lines(self, held: list[tuple[Stage, str, Level]]) -> list[LogRecord]:
        """Records without credentials; many are looked at at once, as most have none."""
        at = round(time.time() - self._began, 3)
        made: list[LogRecord] = []
        for start in range(0, len(held), 64):
            some = held[start : start + 64]
            together = "\n".join([text for _, text, _ in some])
            clean = self._clean if self._clean(together) != together else str
            made += [LogRecord(at, "line", it, clean(text), level) for it, text, level in some]
        return made

    def _clean(self, text: str) -> str:
        known = self._hidden()
        if known != self._known:
            self._known = known
            # As they are, and as they stand in an address; the longest first, one may hold another.
            several = {one for value in known for one in (value, quote(value, safe=""))}
            self._taken_out = sorted((it for it in several if len(it) > 3), key=len, reverse=True)
        for one in self._taken_out:
            if one in text:
                text = text.replace(one, MASK)
        return redact(text)


def read_records(path: Path) -> Iterator[LogRecord]:
    """Every whole record of a log, one at a time; a line that was cut by a crash is passed over."""
    decode = msgspec.json.Decoder(LogRecord).decode
    try:
        with open(path, "rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    try:
                        yield decode(line)
                    except (msgspec.DecodeError, msgspec.ValidationError):
                        continue
    except FileNotFoundError:
        return
