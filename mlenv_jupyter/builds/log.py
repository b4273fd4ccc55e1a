"""The log of a build: ``log.jsonl``, one record a line, appended and never changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from mlenv_jupyter.core.build import LogRecord, Progress, Stage
from mlenv_jupyter.core.redact import MASK, redact
from mlenv_jupyter.failpoints import reach

Level = Literal["out", "err", "note", "warn", "error"]
LOG = "log.jsonl"


class LogWriter:
    """Appends records; each is on its way to readers when the call returns."""

    def __init__(
        self, path: Path, began: float, hidden: Callable[[], tuple[str, ...]] = tuple
    ) -> None:
        """``hidden`` gives the values that must be in no line, whatever they look like."""
        self._began = began
        self._hidden = hidden
        self._known: tuple[str, ...] = ()
        self._taken_out: list[str] = []
        self._stage: Stage = "queued"
        self._encode = msgspec.json.Encoder().encode
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def line(self, text: str, level: Level = "out") -> None:
        """One line of output, credentials taken out."""
        self._write(LogRecord(self._now(), "line", self._stage, self._clean(text), level))

    def stage(self, stage: Stage, text: str) -> None:
        """The build enters a stage."""
        self._stage = stage
        self._write(LogRecord(self._now(), "stage", stage, self._clean(text)))

    def progress(self, progress: Progress) -> None:
        """How far the stage is."""
        data = msgspec.to_builtins(progress)
        self._write(LogRecord(self._now(), "progress", self._stage, d=data))

    def result(self, data: dict[str, Any], text: str, level: Level) -> None:
        """The last record."""
        self._write(LogRecord(self._now(), "result", self._stage, self._clean(text), level, data))

    def close(self) -> None:
        """Have it on disk."""
        try:
            reach("log.sync")
            os.fsync(self._file)
        finally:
            os.close(self._file)

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

    def _now(self) -> float:
        return round(time.time() - self._began, 3)

    def _write(self, record: LogRecord) -> None:
        reach("log.write")
        os.write(self._file, self._encode(record) + b"\n")


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
