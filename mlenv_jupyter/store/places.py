"""Where everything is kept: two directories, and every path below them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from mlenv_jupyter.core.errors import InvalidRequest, NotFound

BUILD_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
DIGEST = re.compile(r"[0-9a-f]{64}")
SHORT = 32


@dataclass(frozen=True)
class Places:
    """Every path of mlenv, derived from digests and ids of ours, never from what a user typed.

    ``offline`` is whether what is not in them must not be fetched.
    """

    home: Path
    store: Path
    offline: bool = False

    @classmethod
    def default(cls) -> Places:
        """``MLENV_HOME`` and ``MLENV_STORE``, else a directory beside Jupyter's data."""
        home = os.environ.get("MLENV_HOME")
        if home is None:
            from jupyter_core.paths import jupyter_data_dir

            home = os.path.join(jupyter_data_dir(), "mlenv")
        store = os.environ.get("MLENV_STORE") or os.path.join(home, "store")
        return cls(Path(home).expanduser().absolute(), Path(store).expanduser().absolute())

    def make(self) -> None:
        """Make both directories, private to their owner."""
        for place in (self.home, self.store, self.builds):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def registry(self) -> Path:
        return self.home / "registry.sqlite"

    @property
    def builds(self) -> Path:
        return self.home / "builds"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def services(self) -> Path:
        return self.home / "services"

    @property
    def kernels(self) -> Path:
        return self.home / "kernels"

    @property
    def launcher(self) -> Path:
        return self.home / "launcher"

    @property
    def catalogue(self) -> Path:
        return self.home / "catalogue"

    @property
    def wheels(self) -> Path:
        return self.home / "wheels"

    @property
    def contexts(self) -> Path:
        return self.home / "contexts"

    @property
    def prefixes(self) -> Path:
        return self.store / "prefixes"

    @property
    def images(self) -> Path:
        return self.store / "images"

    @property
    def layers(self) -> Path:
        return self.store / "layers"

    @property
    def overlays(self) -> Path:
        return self.store / "overlays"

    @property
    def uv_cache(self) -> Path:
        return self.store / "uv"

    @property
    def index(self) -> Path:
        """What package indexes answered: names and versions."""
        return self.store / "index"

    @property
    def rattler(self) -> Path:
        return self.store / "rattler"

    @property
    def pythons(self) -> Path:
        return self.store / "python"

    @property
    def shelf(self) -> Path:
        return self.store / "shelf"

    @property
    def files(self) -> Path:
        return self.store / "files"

    def build(self, build_id: str) -> Path:
        """The directory of one build; raises NotFound for what is no build id."""
        if not BUILD_ID.fullmatch(build_id):
            raise NotFound(
                f"There is no build {build_id[:80]!r}.", remedy="`mlenv builds` lists them."
            )
        return self.builds / build_id

    def run(self, run_id: str) -> Path:
        """The directory of one run; raises NotFound for what is no run id."""
        if not BUILD_ID.fullmatch(run_id):
            raise NotFound(f"There is no run {run_id[:80]!r}.", remedy="`mlenv runs` lists them.")
        return self.runs / run_id

    def snapshot(self, digest: str) -> Path:
        """The source directory of one digest, as it was when a run was submitted."""
        return self.snapshots / _short(digest)

    def model(self, digest: str) -> Path:
        """The files of a model of one digest."""
        return self.models / _short(digest)

    def prefix(self, lock_digest: str) -> Path:
        """The prefix of one lock."""
        return self.prefixes / _short(lock_digest)

    def image(self, lock_digest: str) -> Path:
        """What is kept here of the image of one lock: its Dockerfile and its record."""
        return self.images / _short(lock_digest)

    def layer(self, lock_digest: str) -> Path:
        """The kernel layer of one lock."""
        return self.layers / _short(lock_digest)


def record_of(place: Path) -> Path:
    """The commit record beside a prefix or layer, written last: without it there is none."""
    return place.with_name(place.name + ".json")


def lock_of(place: Path) -> Path:
    """The lock file that whoever makes or removes a prefix or layer holds."""
    return place.with_name(place.name + ".lock")


def _short(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise InvalidRequest(f"{digest[:80]!r} is not a digest.")
    return digest[:SHORT]
