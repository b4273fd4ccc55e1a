"""A Run: a script executed in a Version, and its states."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.errors import Problem

RunState = Literal[
    "queued", "preparing", "running", "succeeded", "failed", "cancelled", "interrupted"
]
RUN_ENDED: frozenset[str] = frozenset(("succeeded", "failed", "cancelled", "interrupted"))


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a command in a Version. Times are ISO 8601, UTC.

    ``name`` and ``version`` are the environment's; ``snapshot`` is the digest of the source.
    ``exit_code`` is the script's, negative for a signal. ``target`` is ``local``, ``docker``, or
    a Ray cluster: ``ray`` or its address; ``attempt`` counts the processes that followed it there.
    """

    id: str
    experiment: str
    name: str
    version: str
    target: str
    state: RunState
    command: tuple[str, ...]
    snapshot: str
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    author: str = ""
    build: str | None = None
    exit_code: int | None = None
    error: Problem | None = None
    cancelling: bool = False
    attempt: int = 1
    tags: dict[str, str] = {}

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in RUN_ENDED


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run: a script or a command, in a version, with a directory of sources.

    ``resources`` are what the script itself takes of a Ray cluster: ``CPU``, ``GPU``, ``memory`` in
    bytes, or the cluster's own names. ``docker_arguments`` and ``shm_size`` are for the container,
    beside what the definition asks for. Without a ``target`` it runs as the version is: an image in
    a container, all else in a process; ``form`` is what a cluster is to run it in.
    """

    experiment: str
    name: str
    version: str | None = None
    source_directory: str
    script: str | None = None
    arguments: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    target: str | None = None
    form: Form | None = None
    variables: dict[str, str] = {}
    resources: dict[str, float] = {}
    docker_arguments: tuple[str, ...] = ()
    shm_size: str | None = None
    tags: dict[str, str] = {}


class Metric(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of ``metrics.jsonl``: a value that a script has logged, or a table's row."""

    name: str
    value: Any = None
    kind: Literal["value", "list", "row"] = "value"
    at: float = 0.0
