"""What is known of an environment: the values that Workspace answers with, as on the wire."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from mlenv_jupyter.core.build import Build, Form
from mlenv_jupyter.core.definition import Definition, Kind
from mlenv_jupyter.core.diff import PackageChange
from mlenv_jupyter.core.errors import Problem
from mlenv_jupyter.core.lock import LockedPackage

Source = Literal["registry", "catalogue"]
BuiltState = Literal["not-built", "queued", "building", "ready", "failed", "cancelled"]
Happening = Literal[
    "registered",
    "refreshed",
    "rolled-back",
    "labelled",
    "unlabelled",
    "archived",
    "restored",
    "described",
    "deleted",
]
T = TypeVar("T")


class VersionForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a Version is, or can be built as. ``own`` is the form that its Definition takes.

    ``builder`` says what makes it, ``refused`` why it cannot be made here.
    """

    form: Form
    own: bool
    builder: str = ""
    refused: str | None = None
    lock_digest: str | None = None
    built: bool = False
    size: int | None = None
    kernel: str | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One registered Definition, with what became of it here.

    ``definition``, ``packages`` and ``forms`` are absent in lists; ``size`` is bytes on disk. Where
    it is built in both forms, ``lock_digest`` and ``size`` are those of the prefix.
    """

    name: str
    version: str
    source: Source
    kind: Kind
    python: str | None
    description: str = ""
    tags: dict[str, str] = {}
    labels: tuple[str, ...] = ()
    author: str = ""
    message: str = ""
    created_at: str
    archived_at: str | None = None
    definition_id: str
    digest: str
    lock_digest: str | None = None
    state: BuiltState = "not-built"
    build: Build | None = None
    size: int | None = None
    kernel: str | None = None
    wanted: tuple[str, ...] = ()
    definition: Definition | None = None
    packages: tuple[LockedPackage, ...] | None = None
    forms: tuple[VersionForm, ...] | None = None

    @property
    def reference(self) -> str:
        """``NAME:VERSION``, as every command takes it."""
        return f"{self.name}:{self.version}"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """A name and its versions, as one row of a list."""

    name: str
    source: Source
    description: str = ""
    icon: str | None = None
    tags: dict[str, str] = {}
    labels: dict[str, str] = {}
    read_only: bool = False
    updated_at: str
    archived_at: str | None = None
    version_count: int = 1
    latest: Version
    ready_version: str | None = None


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; ``next`` is the cursor of the following one."""

    items: tuple[T, ...]
    next: str | None = None
    total: int = 0


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A name that means a version now and may mean another one later."""

    label: str
    version: str
    author: str = ""
    moved_at: str = ""


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an environment.

    ``version`` is the one that it happened to, none where it happened to all; ``before`` is what
    a label or ``latest`` meant until then, or what was refreshed.
    """

    at: str
    action: Happening
    version: str | None = None
    before: str | None = None
    label: str | None = None
    author: str = ""
    message: str = ""


class Refresh(msgspec.Struct, frozen=True, kw_only=True):
    """What resolving a version anew came to: the next version, or the same where nothing is new."""

    version: Version
    created: bool
    changes: tuple[PackageChange, ...] = ()


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A Version installed so that any Jupyter client can start it."""

    kernel_name: str
    display_name: str
    name: str
    version: str
    language: str = "python"
    notes: tuple[str, ...] = ()
    path_exists: bool = True
    archived: bool = False


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a definition would resolve to, and what that changes; nothing is installed."""

    packages: tuple[LockedPackage, ...]
    changes: tuple[PackageChange, ...] = ()
    seconds: float = 0.0


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a definition can be registered, and its normalised form if so."""

    ok: bool
    problems: tuple[Problem, ...] = ()
    definition: Definition | None = None
    definition_id: str | None = None
    digest: str | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``mlenv doctor``."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, as ``mlenv verify`` found it."""

    part: Literal["registry", "store", "kernels"]
    where: str
    message: str
    remedy: str = ""
    repaired: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How this workspace is; sizes in bytes."""

    version: str
    home: str
    store: str
    disk_free: int
    builds_running: int
    checks: tuple[Check, ...] = ()


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """A Python that environments can be made from."""

    version: str
    implementation: str = "cpython"
    path: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One committed change of the registry: what other processes and tabs are told."""

    seq: int
    kind: Literal["environment", "build", "kernel", "run", "service"]
    action: Literal["created", "changed", "deleted"]
    name: str
    version: str | None = None
    id: str | None = None
    state: str | None = None
    data: dict[str, Any] = {}
