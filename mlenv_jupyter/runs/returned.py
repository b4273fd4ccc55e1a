"""What a job on a cluster sends back, in its own output: lines, metrics, files, its exit code."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.process import Line

if TYPE_CHECKING:
    from mlenv_jupyter.runs.spec import RunFiles

MARK = "\x1emlenv "
"""Begins what ``assets/enter.py`` says, beside what the script itself does."""


class Reader:
    """Tells what the job's program says from what ``enter.py`` says of it.

    Each connection begins with the first line again: what is kept already is passed over.
    """

    def __init__(self, files: RunFiles, on_line: Callable[[Line], None]) -> None:
        self.files = files
        self.on_line = on_line
        self.lines = sum(1 for one in read_records(files.log) if one.k == "line" and one.l == "out")
        self.metrics = len(files.read_metrics())
        self.code: int | None = None

    def begin(self) -> None:
        """The output comes from its beginning."""
        self._rest = ""
        self._lines = self._metrics = 0
        self._file: tuple[str, bytearray] | None = None

    def feed(self, text: str, *, last: bool = False) -> None:
        """More of the output."""
        *whole, self._rest = (self._rest + text).split("\n")
        if last and self._rest:
            whole.append(self._rest)
        for line in whole:
            said, mark, told = line.partition(MARK)
            if said or not mark:
                self._lines += 1
                if self._lines > self.lines:
                    self.lines += 1
                    self.on_line(Line("out", said.rstrip("\r")))
            if mark:
                with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
                    self._heed(msgspec.json.decode(told))

    def _heed(self, told: dict[str, Any]) -> None:
        if "metric" in told:
            self._metrics += 1
            if self._metrics > self.metrics:
                self.metrics += 1
                with open(self.files.metrics, "ab") as file:
                    file.write(msgspec.json.encode(told["metric"]) + b"\n")
        elif "file" in told:
            self._file = str(told["file"]), bytearray()
        elif "data" in told and self._file is not None:
            self._file[1].extend(base64.b64decode(told["data"]))
        elif "kept" in told and self._file is not None:
            (name, data), self._file = self._file, None
            whole = hashlib.sha256(data).hexdigest() == told["sha256"]
            target = (self.files.files / name).resolve()
            # The name comes from the job: it may not leave the run's directory.
            if whole and target.is_relative_to(self.files.files.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        elif "code" in told:
            self.code = int(told["code"])
