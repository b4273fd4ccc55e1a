"""A Build: one attempt to turn a Version into a Prefix or Image, its states and its log records."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mlenv_jupyter.core.errors import Problem

State = Literal[
    "queued",
    "resolving",
    "installing",
    "verifying",
    "succeeded",
    "failed",
    "cancelled",
    "interrupted",
]
Stage = Literal["queued", "resolving", "installing", "verifying"]
STAGES: tuple[Stage, ...] = ("queued", "resolving", "installing", "verifying")
Form = Literal["prefix", "image"]
FORMS: tuple[Form, ...] = ("prefix", "image")
"""What a Version can become; where both are there, the first one is used unless asked."""
ENDED: frozenset[State] = frozenset(("succeeded", "failed", "cancelled", "interrupted"))


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a stage is: packages, and bytes where they are known."""

    done: int
    total: int
    bytes_done: int | None = None
    bytes_total: int | None = None


class StageTime(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a build; ``seconds`` so far, or in all when it is done."""

    stage: Stage
    seconds: float | None = None
    state: Literal["waiting", "running", "done", "failed"] = "waiting"


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to turn a Version into a Prefix or Image. Times are ISO 8601, UTC.

    ``ahead`` is how many builds wait that were asked for earlier, where this one waits too.
    ``form`` is what it makes, unknown for a build of long ago.
    """

    id: str
    name: str
    version: str
    digest: str
    state: State
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    author: str = ""
    attempt: int = 1
    reused: bool = False
    stages: tuple[StageTime, ...] = ()
    progress: Progress | None = None
    packages: int | None = None
    lock_digest: str | None = None
    error: Problem | None = None
    cancelling: bool = False
    ahead: int | None = None
    form: Form | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


class LogRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of ``log.jsonl``: seconds since the build began, kind, stage, text, level, data."""

    t: float
    k: Literal["line", "stage", "progress", "result"]
    s: Stage = "queued"
    x: str = ""
    l: Literal["out", "err", "note", "warn", "error"] = "out"  # noqa: E741 - the wire's key
    d: dict[str, Any] = {}
