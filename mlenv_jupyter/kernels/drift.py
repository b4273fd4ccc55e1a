"""What a running kernel has beyond its Version, seen from outside: nothing is run in the kernel."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.edits import with_packages
from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.core.names import RESERVED_PREFIX
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.kernels.assets import drift as inside
from mlenv_jupyter.kernels.assets.overlay import BUILT
from mlenv_jupyter.kernels.overlays import Overlay, list_overlays
from mlenv_jupyter.kernels.record import read_record, record_path
from mlenv_jupyter.process import build_environment, run, text_of
from mlenv_jupyter.store.places import Places

TOOL = Path(inside.__file__).with_name("tool.py")


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package that is in the kernel alone, or in the version alone."""

    name: str
    version: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A package that is there in another version."""

    name: str
    before: str
    after: str


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """The difference, each part sorted by name; ``notebook`` is None for a temporary overlay.

    ``form`` is what the kernel runs in, of the two that a version can be built in; ``rebuilt`` is
    whether that was built again since the kernel started.
    """

    name: str
    version: str
    form: Form
    added: tuple[Package, ...]
    removed: tuple[Package, ...]
    changed: tuple[Changed, ...]
    notebook: str | None
    rebuilt: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A difference as it was looked for: ``changed`` has the versions before and after.

    ``wanted`` are the requirements that bring it back, ``local`` the packages that came from a
    directory, which no requirement can name.
    """

    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str, str], ...]
    wanted: tuple[str, ...]
    local: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class Own(Protocol):
    """What one running kernel has for itself, wherever that is."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def form(self) -> Form: ...

    @property
    def notebook(self) -> str | None: ...

    @property
    def rebuilt(self) -> bool: ...

    def look(self) -> Found:
        """What differs now; raises NotFound where it has gone since."""

    def discard(self) -> None:
        """Empty it, also while the kernel runs; what is imported stays so until a restart.

        Raises Unavailable where it cannot be written.
        """


class Drifts:
    """The drift of the kernels of one store, which run in overlays there or in containers.

    ``version`` and ``register`` are the Workspace's.
    """

    def __init__(
        self,
        places: Places,
        version: Callable[[str, str | None], Version],
        register: Callable[..., tuple[Version, bool]],
    ) -> None:
        self._places = places
        self._version = version
        self._register = register

    def own(self, kernel_name: str, *, pid: int | None, notebook: str | None) -> Own:
        """What a kernel has for itself, found by its process, else by its notebook.

        Raises NotFound, Unavailable where its container engine does not answer.
        """
        record = read_record(record_path(self._places.kernels, kernel_name))
        if record is not None and record.container is not None:
            from mlenv_jupyter.kernels.containers.own import InContainer

            return InContainer.of(record, pid)
        found = list_overlays(self._places.overlays)
        found = [one for one in found if one.kernel_name == kernel_name]
        started = _environment(pid)
        place = started.get("VIRTUAL_ENV", "")
        # The kernel may know its overlay by a further name, that of a renamed notebook.
        real = os.path.realpath(place) if place else ""
        here = [one for one in found if os.path.realpath(one.place) == real]
        if not place and notebook:
            here = [one for one in found if one.notebook == notebook and one.in_use]
        if not here:
            raise NotFound("This kernel has no packages of its own here.", code="no_overlay")
        made = started.get(BUILT, "")
        return InOverlay(here[0], rebuilt=record is not None and _differs(record.prefix, made))

    def save(self, own: Own, *, message: str = "", author: str = "") -> Version:
        """Register what a kernel has as the next version of its environment.

        Of a curated one a copy is made, which has another name. Raises Conflict where nothing
        differs or no version can name it, InvalidRequest.
        """
        label = f"{own.name} v{own.version}"
        found = own.look()
        if not found:
            raise Conflict(f"This kernel has what {label} has, nothing more.", code="no_drift")
        if found.local:
            raise Conflict(
                f"{', '.join(found.local)} came from a directory, which no version can name.",
                code="local_package",
                remedy="Install it from an index, a repository or a wheel; or remove it.",
            )
        base = self._version(own.name, own.version)
        assert base.definition is not None
        gone = [name for name, _ in found.removed]
        definition = with_packages(base.definition, list(found.wanted), gone)
        curated = base.source == "catalogue"
        name = f"{base.name[len(RESERVED_PREFIX) :]}-copy" if curated else base.name
        version, _ = self._register(
            *(name, definition),
            message=message,
            author=author,
            base=None if curated else base.version,
        )
        return version


def drift_of(own: Own) -> Drift:
    """What a kernel has beyond its version; raises NotFound where that has gone since."""
    found = own.look()
    return Drift(
        name=own.name,
        version=own.version,
        form=own.form,
        added=tuple(Package(name=name, version=version) for name, version in found.added),
        removed=tuple(Package(name=name, version=version) for name, version in found.removed),
        changed=tuple(
            Changed(name=name, before=before, after=after) for name, before, after in found.changed
        ),
        notebook=own.notebook,
        rebuilt=own.rebuilt,
    )


class InOverlay:
    """The packages of a kernel that runs in an overlay of this store."""

    form: Form = "prefix"

    def __init__(self, overlay: Overlay, *, rebuilt: bool) -> None:
        self._place = os.fspath(overlay.place)
        self.name = overlay.name
        self.version = overlay.version
        self.notebook = overlay.notebook
        self.rebuilt = rebuilt

    def look(self) -> Found:
        try:
            described = json.loads(Path(self._place, "overlay.json").read_bytes())
            told = inside.told(inside.of_overlay(described, self._place))
        except (OSError, ValueError, KeyError):
            raise NotFound("The overlay of this kernel is gone.", code="no_overlay") from None
        return msgspec.convert(told, Found)

    def discard(self) -> None:
        # The launcher's own code, in a process of its own: it finds its parts by their names.
        argv: list[str | Path] = [sys.executable, "-IS", TOOL, "discard", self._place]
        code, lines = run(argv, env=build_environment(os.environ))
        if code:
            raise not_discarded(text_of(lines, "err"))


def not_discarded(said: str) -> Unavailable:
    """What is said where an overlay could not be emptied."""
    return Unavailable(
        "The packages that were added could not be removed.",
        detail=said[-2000:],
        remedy="Shut the kernel down, then try again; `mlenv doctor` checks the disk.",
    )


def _environment(pid: int | None) -> dict[str, str]:
    """The variables that a process was started with; none where that cannot be told."""
    try:
        data = Path(f"/proc/{int(pid or 0)}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (one.partition(b"=") for one in data.split(b"\0") if one)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def _differs(prefix: str, made: str) -> bool:
    """Whether a prefix was made at another time than a kernel found when it started."""
    try:
        return bool(made) and str(os.stat(prefix).st_mtime_ns) != made
    except OSError:
        return False
