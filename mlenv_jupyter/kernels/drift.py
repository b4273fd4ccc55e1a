"""What a running kernel has beyond its Version, seen from outside: nothing is run in the kernel."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core.edits import with_packages
from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.core.names import RESERVED_PREFIX
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.kernels.assets import drift as inside
from mlenv_jupyter.kernels.overlays import Overlay, list_overlays
from mlenv_jupyter.process import build_environment, run, text_of

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
    """The difference, each part sorted by name; ``notebook`` is None for a temporary overlay."""

    name: str
    version: str
    added: tuple[Package, ...]
    removed: tuple[Package, ...]
    changed: tuple[Changed, ...]
    notebook: str | None


class Drifts:
    """The drift of the kernels that run in the overlays of one store.

    ``version`` and ``register`` are the Workspace's.
    """

    def __init__(
        self,
        overlays: Path,
        version: Callable[[str, str | None], Version],
        register: Callable[..., tuple[Version, bool]],
    ) -> None:
        self._overlays = overlays
        self._version = version
        self._register = register

    def of(self, kernel_name: str, *, pid: int | None, notebook: str | None) -> Drift:
        """The drift of one kernel, found by its process, else by its notebook; raises NotFound."""
        return drift_of(self.overlay_of(kernel_name, pid=pid, notebook=notebook))

    def overlay_of(self, kernel_name: str, *, pid: int | None, notebook: str | None) -> Overlay:
        """The overlay that a kernel runs in; raises NotFound."""
        found = [one for one in list_overlays(self._overlays) if one.kernel_name == kernel_name]
        place = _virtual_environment(pid)
        # The kernel may know its overlay by a further name, that of a renamed notebook.
        real = os.path.realpath(place) if place else ""
        here = [one for one in found if os.path.realpath(one.place) == real]
        if not place and notebook:
            here = [one for one in found if one.notebook == notebook and one.in_use]
        if not here:
            raise NotFound(
                "This kernel has no packages of its own on this machine.",
                code="no_overlay",
                remedy="`%mlenv drift` in a cell tells what a container's kernel has.",
            )
        return here[0]

    def save(self, overlay: Overlay, *, message: str = "", author: str = "") -> Version:
        """Register what a kernel has as the next version of its environment.

        Of a curated one a copy is made, which has another name. Raises Conflict where nothing
        differs or no version can name it, InvalidRequest.
        """
        label = f"{overlay.name} v{overlay.version}"
        found = _between(overlay)
        if not found:
            raise Conflict(f"This kernel has what {label} has, nothing more.", code="no_drift")
        local = inside.from_directories(found)
        if local:
            raise Conflict(
                f"{', '.join(local)} came from a directory, which no version can name.",
                code="local_package",
                remedy="Install it from an index, a repository or a wheel; or remove it.",
            )
        base = self._version(overlay.name, overlay.version)
        assert base.definition is not None
        gone = [name for name, _ in found.removed]
        definition = with_packages(base.definition, inside.wanted(found), gone)
        curated = base.source == "catalogue"
        name = f"{base.name[len(RESERVED_PREFIX) :]}-copy" if curated else base.name
        version, _ = self._register(
            *(name, definition),
            message=message,
            author=author,
            base=None if curated else base.version,
        )
        return version

    def discard(self, overlay: Overlay) -> None:
        """Empty an overlay, also while its kernel runs; what is imported stays so until a restart.

        Raises Unavailable where it cannot be written.
        """
        # The launcher's own code, in a process of its own: it finds its parts by their names.
        argv: list[str | Path] = [sys.executable, "-IS", TOOL, "discard", overlay.place]
        code, lines = run(argv, env=build_environment(os.environ))
        if code:
            raise Unavailable(
                "The packages that were added could not be removed.",
                detail=text_of(lines, "err")[-2000:],
                remedy="Shut the kernel down, then try again; `mlenv doctor` checks the disk.",
            )


def drift_of(overlay: Overlay) -> Drift:
    """What an overlay and all that it chains hold, beside the version's prefix and layer.

    Raises NotFound where the overlay has gone since.
    """
    found = _between(overlay)
    return Drift(
        name=overlay.name,
        version=overlay.version,
        added=tuple(Package(name=one.name, version=one.version) for one in found.added),
        removed=tuple(Package(name=name, version=version) for name, version in found.removed),
        changed=tuple(
            Changed(name=one.name, before=before, after=one.version)
            for one, before in found.changed
        ),
        notebook=overlay.notebook,
    )


def _between(overlay: Overlay) -> inside.Drift:
    try:
        described = json.loads((overlay.place / "overlay.json").read_bytes())
        record: dict[str, Any] = dict(described["record"], overlay=os.fspath(overlay.place))
        packages, layer = record["site_packages"], record.get("layer")
        own = overlay.place / os.path.relpath(packages, record["prefix"])
        # As sys.path has them in the kernel.
        places = [own, *([] if overlay.promoted else [packages]), *([layer] if layer else [])]
        return inside.between(record, [os.fspath(one) for one in places])
    except (OSError, ValueError, KeyError):
        raise NotFound("The overlay of this kernel is gone.", code="no_overlay") from None


def _virtual_environment(pid: int | None) -> str:
    """The overlay that a process was started in; '' where that cannot be told."""
    try:
        data = Path(f"/proc/{int(pid or 0)}/environ").read_bytes()
    except OSError:
        return ""
    for pair in data.split(b"\0"):
        if pair.startswith(b"VIRTUAL_ENV="):
            return os.fsdecode(pair.partition(b"=")[2])
    return ""
