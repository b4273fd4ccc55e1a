"""Workspace: registry, store, builds and kernels wired together; what every front door calls."""

from __future__ import annotations

import getpass
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.core.build import Build
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.diff import DefinitionDiff, PackageChange, diff_definitions, diff_versions
from mlenv_jupyter.core.errors import (
    BuildFailed,
    Conflict,
    MlenvError,
)
from mlenv_jupyter.core.names import check_name, check_version
from mlenv_jupyter.core.validation import validate
from mlenv_jupyter.core.version import (
    Change,
    Environment,
    Interpreter,
    Kernel,
    Page,
    Preview,
    Status,
    Validation,
    Version,
)
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.options import WorkspaceOptions

if TYPE_CHECKING:
    from mlenv_jupyter.building import Building
    from mlenv_jupyter.builds.adopt import Adoption
    from mlenv_jupyter.builds.bundle import Bundled, Bundles
    from mlenv_jupyter.builds.collect import Collection
    from mlenv_jupyter.builds.curate import Curation
    from mlenv_jupyter.builds.images.details import ImageDetails
    from mlenv_jupyter.builds.index.index import PackageIndex
    from mlenv_jupyter.builds.queue import Queue
    from mlenv_jupyter.core.build import Form
    from mlenv_jupyter.exports import Exports
    from mlenv_jupyter.kernels.drift import Drifts
    from mlenv_jupyter.lifecycle import Lifecycle
    from mlenv_jupyter.notebooks.restore import Notebooks
    from mlenv_jupyter.registry.notices import NoticeWatch
    from mlenv_jupyter.registry.registry import CommitWatch, Registry
    from mlenv_jupyter.registry.secrets import Secrets
    from mlenv_jupyter.runs.runs import Runs
    from mlenv_jupyter.serving.models import Models
    from mlenv_jupyter.serving.services import Services
    from mlenv_jupyter.store.contexts import Contexts
    from mlenv_jupyter.store.store import Store
    from mlenv_jupyter.store.wheels import Wheels
    from mlenv_jupyter.views import Views


class WorkspaceDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions: what was asked for, and what it resolved to."""

    definition: DefinitionDiff
    packages: tuple[PackageChange, ...] | None


class Workspace(WorkspaceOptions):
    """The composition root. Making one is cheap: everything heavy is imported when it is used.

    Every method is synchronous and may be called from any thread; wrong input raises MlenvError.
    """

    @classmethod
    def from_config(cls, **traits: Any) -> Workspace:
        """The workspace of this user: as told, from the environment and the shared file."""
        if "config" not in traits:
            from mlenv_jupyter.settings import shared_config

            traits["config"] = shared_config()
        return cls(**traits)

    @classmethod
    def get(cls, name: str = "", **known_elsewhere: Any) -> Workspace:
        """The workspace of this user, as the seed's ``Workspace.get`` is called.

        There is one for each user: a name, subscription or resource group chooses nothing.
        """
        del name, known_elsewhere
        return cls.from_config()

    _swept = False

    # What it is made of.

    @cached_property
    def registry(self) -> Registry:
        """What is remembered."""
        from mlenv_jupyter.registry.catalogue import Catalogue
        from mlenv_jupyter.registry.registry import Registry

        self.places.make()
        shelves = (self.places.catalogue, *map(Path, self.catalogue_directories))
        return Registry(self.places.home, self.database or None, Catalogue(shelves))

    @cached_property
    def store(self) -> Store:
        """Where prefixes live."""
        from mlenv_jupyter.store.store import Store

        return Store(self.places)

    @cached_property
    def secrets(self) -> Secrets:
        """Values that belong to this user and machine, and are in no version."""
        from mlenv_jupyter.registry.secrets import Secrets

        return Secrets(self.places.home)

    @cached_property
    def notebooks(self) -> Notebooks:
        """What notebooks remember, and versions made of it."""
        from mlenv_jupyter.notebooks.restore import Notebooks

        return Notebooks(self.registry, self.store)

    @property
    def collection(self) -> Collection:
        """What nothing refers to any more, and its removal."""
        from mlenv_jupyter.builds.collect import Collection

        return Collection(self.places, self.registry)

    @cached_property
    def drifts(self) -> Drifts:
        """What running kernels have beyond their versions."""
        from mlenv_jupyter.kernels.drift import Drifts

        return Drifts(self.places, self.version, self.register)

    @cached_property
    def queue(self) -> Queue:
        """Where builds wait."""
        from mlenv_jupyter.builds.queue import Queue

        return Queue(self.places, self.registry, self.database or None)

    @cached_property
    def building(self) -> Building:
        """What decides how a version is built, and knows what was made of it."""
        from mlenv_jupyter.building import Building

        return Building(self, self.registry, self._views, self.notebooks, self.queue)

    @cached_property
    def adoption(self) -> Adoption:
        """What turns environments that are there already into Definitions."""
        from mlenv_jupyter.builds.adopt import Adoption

        return Adoption(self.places, self.registry, self.register)

    @cached_property
    def bundles(self) -> Bundles:
        """What takes versions to machines without a network."""
        from mlenv_jupyter.builds.bundle import Bundles

        return Bundles(self.places, self.registry, self.register, self.version)

    def bundle(self, name: str, version: str | None = None, output: Path | None = None) -> Bundled:
        """Write a built version with its wheels into a file.

        Raises NotFound, Conflict where it is not built or has no wheels, Unavailable.
        """
        row = self.registry.find(name, version)
        return self.bundles.write(self.version(name, version), self._views.built(row), output)

    @cached_property
    def index(self) -> PackageIndex:
        """Names and versions that the configured package indexes have."""
        from mlenv_jupyter.builds.index.index import PackageIndex

        return PackageIndex(self.places)

    @cached_property
    def curation(self) -> Curation:
        """What keeps a catalogue up to date."""
        from mlenv_jupyter.builds.curate import Curation

        return Curation(self.places, self.registry)

    @cached_property
    def wheels(self) -> Wheels:
        """Private wheels."""
        from mlenv_jupyter.store.wheels import Wheels

        return Wheels(self.places)

    @cached_property
    def exports(self) -> Exports:
        """Versions as files that other tools read."""
        from mlenv_jupyter.exports import Exports

        return Exports(self.places, self.registry, self._views)

    @cached_property
    def contexts(self) -> Contexts:
        """Docker build contexts."""
        from mlenv_jupyter.store.contexts import Contexts

        return Contexts(self.places)

    @cached_property
    def _watch(self) -> CommitWatch | NoticeWatch:
        if self.database:
            from mlenv_jupyter.registry.notices import NoticeWatch

            return NoticeWatch(self.database)
        from mlenv_jupyter.registry.registry import CommitWatch

        return CommitWatch(self.places.registry)

    @cached_property
    def _views(self) -> Views:
        from mlenv_jupyter.views import Views

        return Views(self.registry, self.store, self.base_image)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """What becomes of versions after they are registered: labels, history, archive, refresh."""
        from mlenv_jupyter.lifecycle import Lifecycle

        return Lifecycle(self.places, self.registry, self._views)

    @cached_property
    def runs(self) -> Runs:
        """Scripts executed in versions."""
        from mlenv_jupyter.runs.runs import Runs

        database, policy = self.database or None, self.container_policy()
        return Runs(self.places, self.registry, database, self.build, policy)

    @cached_property
    def models(self) -> Models:
        """Files that services answer with."""
        from mlenv_jupyter.serving.models import Models

        return Models(self.places, self.registry)

    @cached_property
    def services(self) -> Services:
        """Models answering HTTP."""
        from mlenv_jupyter.serving.services import Services

        database, policy = self.database or None, self.container_policy()
        return Services(self.places, self.registry, database, self.build, policy)

    def close(self) -> None:
        """Close the registry; builds go on."""
        if "registry" in self.__dict__:
            self.registry.close()
        if "_watch" in self.__dict__:
            self._watch.close()

    # Environments and versions.

    def environments(
        self,
        query: str = "",
        *,
        limit: int = 50,
        cursor: str | None = None,
        archived: bool = False,
    ) -> Page[Environment]:
        """Registered environments, the most recently changed first; archived ones if asked."""
        found = self.registry.environments.page(
            query, limit=limit, cursor=cursor, archived=archived
        )
        return Page(items=self._views.environments(found.rows), next=found.next, total=found.total)

    def catalogue(self) -> tuple[Environment, ...]:
        """The curated environments."""
        return self._views.curated(self.registry.curated_entries())

    def environment(self, name: str) -> Environment:
        """One environment, registered or curated; raises NotFound."""
        entry = self.registry.curated_entry(name)
        if entry is not None:
            return self._views.curated([entry])[0]
        return self._views.environments([self.registry.environments.get(name)])[0]

    def versions(self, name: str, *, archived: bool = False) -> tuple[Version, ...]:
        """The versions of an environment, newest first; raises NotFound."""
        environment = self.environment(name)
        if environment.read_only:
            rows = self.registry.curated(self.registry.catalogue.versions(name))
            return self._views.versions(rows)
        own = self.registry.versions.all(name, archived=archived)
        return self._views.versions(list(own))

    def versions_page(
        self, name: str, *, limit: int = 50, cursor: str | None = None, archived: bool = False
    ) -> Page[Version]:
        """A page of the versions of an environment, newest first; raises NotFound."""
        environment = self.environment(name)
        if environment.read_only:
            shown = self.versions(name)
            return Page(items=shown, total=len(shown))
        found = self.registry.versions.page(name, limit=limit, cursor=cursor, archived=archived)
        items = self._views.versions(list(found.rows))
        return Page(items=items, next=found.next, total=found.total)

    def version(self, name: str, version: str | None = None) -> Version:
        """One version in full, the newest where none is named; raises NotFound."""
        return self._views.full(self.registry.find(name, version))

    def register(
        self,
        name: str,
        definition: Definition,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        message: str = "",
        author: str = "",
        new: bool = False,
        base: str | None = None,
        version: str | None = None,
    ) -> tuple[Version, bool]:
        """Register a definition: its version, and whether it was made now.

        ``new`` raises Conflict where the environment exists; ``base`` is the version that was
        edited, whose lock is taken over where it still fits; ``version`` is what it was called
        elsewhere, kept unless that is another one here. Raises InvalidName, InvalidDefinition.
        """
        check_name(name)
        if version is not None:
            check_version(version, own=True)
        self.registry.refuse_curated(name)
        row, created = self.registry.versions.register(
            name,
            definition.checked(),
            description=description,
            tags=tags,
            message=message,
            author=author or whoami(),
            new=new,
            base=base,
            version=version,
        )
        return self._views.full(row), created

    def delete(self, name: str) -> None:
        """Forget an environment and remove its kernels; its prefixes stay in the store.

        Raises NotFound, and Conflict for a curated one or while it is being built.
        """
        if self.environment(name).read_only:
            raise Conflict(f"{name!r} is curated and cannot be deleted.", where="name")
        versions = self.versions(name, archived=True)
        if any(one.state in ("queued", "building") for one in versions):
            raise Conflict(
                f"{name!r} is being built.", where="name", remedy="Cancel the build first."
            )
        # The kernels first: without the environment nobody would know whose they are.
        for kernel in self.kernels():
            if kernel.name == name:
                self.remove_kernel(kernel.kernel_name)
        reach("delete.kernels")
        self.registry.environments.delete(name)

    def validate(self, name: str | None, definition: object) -> Validation:
        """Whether a name and a definition (in its JSON form) can be registered."""

        return validate(name, definition)

    def resolve(
        self, definition: Definition, against: tuple[str, str | None] | None = None
    ) -> Preview:
        """What a definition would resolve to, and what that changes; no code of a package runs.

        Raises BuildFailed with the reason where it cannot be resolved.
        """
        from mlenv_jupyter.builds.preview import preview

        began = time.monotonic()
        before: dict[str, str] = {}
        if against is not None:
            packages = self.version(*against).packages
            before = {one.name: one.version for one in packages or ()}
        self.places.make()
        with tempfile.TemporaryDirectory(dir=self.places.home, prefix=".preview-") as work:
            packages = preview(definition.checked(), self.places, Path(work))
        after = {one.name: one.version for one in packages}
        return Preview(
            packages=packages,
            changes=diff_versions(before, after) if against is not None else (),
            seconds=round(time.monotonic() - began, 3),
        )

    def diff(self, a: tuple[str, str | None], b: tuple[str, str | None]) -> WorkspaceDiff:
        """What differs between two versions; raises NotFound."""
        before, after = self.version(*a), self.version(*b)
        assert before.definition is not None and after.definition is not None
        packages = None
        if before.packages is not None and after.packages is not None:
            packages = diff_versions(
                {one.name: one.version for one in before.packages},
                {one.name: one.version for one in after.packages},
            )
        return WorkspaceDiff(
            definition=diff_definitions(before.definition, after.definition), packages=packages
        )

    # Builds.

    def build(
        self,
        name: str,
        version: str | None = None,
        *,
        force: bool = False,
        cache: bool = True,
        push: bool = False,
        author: str = "",
        form: Form | None = None,
    ) -> Build:
        """Build a version: answers at once with the build, which goes on in a process of its own.

        A version that is ready is not built again unless ``force``; a running build is joined.
        ``cache=False`` downloads and resolves anew; ``push`` sends an image to the workspace's
        registry; ``form`` asks for a prefix or an image, whatever its definition takes by itself.
        Raises NotFound, Unavailable, Conflict where it cannot have that form.
        """
        row = self.registry.find(name, version)
        author = author or whoami()
        return self.building.start(
            row, force=force, cache=cache, push=push, author=author, form=form
        )

    def image_details(self, name: str, version: str | None = None) -> ImageDetails:
        """What is known of a version's image, built or not.

        Raises NotFound, Conflict for what can be no image.
        """
        return self.building.image_details(self.registry.find(name, version))

    def builds(self, *, limit: int = 50, name: str | None = None) -> tuple[Build, ...]:
        """The newest builds."""
        builds = self.registry.builds
        return builds.placed(builds.newest(max(1, min(limit, 500)), name))

    def build_of(self, build_id: str) -> Build:
        """One build; raises NotFound."""
        builds = self.registry.builds
        return builds.placed([builds.get(build_id)])[0]

    def cancel(self, build_id: str) -> Build:
        """Ask a build to end; its processes are gone within five seconds. Raises NotFound."""
        return self.queue.cancel(build_id)

    def log_path(self, build_id: str) -> Path:
        """Where the log of a build is; it need not be there yet. Raises NotFound."""
        self.registry.builds.get(build_id)
        from mlenv_jupyter.builds.oldlogs import unpacked

        return unpacked(self.places.build(build_id) / "log.jsonl")

    def wait(self, build_id: str, timeout: float | None = None) -> Build:
        """Wait until a build has ended; the build as it is when ``timeout`` seconds are over."""
        return self.queue.wait(build_id, timeout)

    def reconcile(self) -> None:
        """Look for builds whose process died, and bring them to an end or start them again."""
        self.queue.reconcile()
        if not self._swept:
            from mlenv_jupyter.builds.leftovers import Leftovers
            from mlenv_jupyter.builds.oldlogs import pack_old

            Leftovers(self.places, self.registry).sweep()
            if self.log_days:
                pack_old(self.places, self.log_days)
            self._swept = True
        self.runs.reconcile()
        self.services.reconcile()

    def changes(self, after: int) -> tuple[Change, ...]:
        """The committed changes after a number, whoever made them: the oldest 500, oldest first."""
        return self.registry.changes.after(after)

    def last_change(self) -> int:
        """The number of the newest change."""
        return self.registry.changes.newest()

    def data_version(self) -> int:
        """A number that differs after every commit, whoever made it; 0 while there is no registry.

        Above its lowest 32 bits it tells which registry it is. Takes microseconds, and makes no
        registry. Raises Unavailable.
        """
        if not self.database and not self.places.registry.exists():
            return 0
        return self._watch.version()

    # Kernels.

    def install_kernel(
        self, name: str, version: str | None = None, *, form: Form | None = None
    ) -> Kernel:
        """Install a built version as a kernel that any Jupyter client starts.

        ``form`` chooses where it is built as a prefix and as an image; the prefix if none does.
        Raises NotFound, Conflict where it is not built, KernelNotOurs.
        """
        from mlenv_jupyter.builds.python import find_uv
        from mlenv_jupyter.kernels import kernelspecs
        from mlenv_jupyter.kernels.containers.describe import container_record
        from mlenv_jupyter.kernels.describe import launch_record
        from mlenv_jupyter.kernels.launcher import ensure_launcher

        row = self.registry.find(name, version)
        self.lifecycle.require_offered(row)
        uv = find_uv()
        record = self._views.built(row, form)
        if record.image is not None:
            launch = container_record(row, record, self.store, self.container_policy())
        else:
            launch = launch_record(row, record, self.store, uv)
        launcher = ensure_launcher(
            self.places.home, uv=Path(uv), cache=self.places.uv_cache, offline=self.offline
        )
        kernelspecs.install(launch, launcher=launcher, kernels=self.places.kernels)
        self._note_kernel("created", row.name, row.version, launch.kernel_name)
        self.retire_kernels(keep=launch.kernel_name)
        return Kernel(
            kernel_name=launch.kernel_name,
            display_name=launch.display_name,
            name=row.name,
            version=row.version,
            notes=launch.container.notes if launch.container else (),
        )

    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels that mlenv installed for this user."""
        from mlenv_jupyter.kernels import kernelspecs

        return tuple(kernelspecs.list_kernels(self.places.kernels))

    def retire_kernels(self, *, keep: str = "", remove: bool = True) -> tuple[Kernel, ...]:
        """Remove the kernels that nobody uses, except ``keep``; see ``kernels_kept``."""
        from mlenv_jupyter.kernels.retire import to_retire

        there = {one.kernel_name: one for one in self.kernels()}
        names = [one for one in there if one != keep]
        kept = self.kernels_kept - (keep in there)
        chosen = to_retire(self.places.kernels, names, kept=kept, days=self.kernel_days)
        for name in chosen if remove else ():
            self.remove_kernel(name)
        return tuple(there[name] for name in chosen)

    def remove_kernel(self, kernel_name: str) -> None:
        """Remove a kernel of ours; raises InvalidName, NotFound, KernelNotOurs."""
        from mlenv_jupyter.kernels import kernelspecs

        found = {one.kernel_name: one for one in self.kernels()}.get(kernel_name)
        kernelspecs.remove(kernel_name, kernels=self.places.kernels)
        if found is not None:
            self._note_kernel("deleted", found.name, found.version, kernel_name)

    # Use, and how it is.

    def exec_plan(
        self, name: str, version: str | None, command: Sequence[str]
    ) -> tuple[list[str], dict[str, str]]:
        """What to ``exec`` to run a command in a built version: argv, and its whole environment.

        Raises NotFound, Conflict where it is not built.
        """
        from mlenv_jupyter.runs.environment import environment_in

        row = self.registry.find(name, version)
        record = self._views.built(row)
        if record.image is not None:
            from mlenv_jupyter.kernels.containers.command import container_command
            from mlenv_jupyter.kernels.containers.policy import granted

            variables = self.secrets.variables(row.name, row.definition.variables)
            given = granted(row.definition.docker, self.container_policy())
            return container_command(record.image, variables, command, given, os.environ)
        prefix = record.prefix_at(self.places.prefix(record.lock_digest))
        variables = self.secrets.variables(row.name, row.definition.variables)
        return list(command), environment_in(prefix, variables, os.environ, record.activation)

    def pythons(self) -> tuple[Interpreter, ...]:
        """The interpreters on this machine that environments can be made from."""
        from mlenv_jupyter.builds.python import installed

        return tuple(
            Interpreter(version=one.version, implementation=one.implementation, path=one.executable)
            for one in installed(self.places.pythons)
        )

    def status(self) -> Status:
        """How this workspace is, in a few milliseconds."""
        import shutil

        from mlenv_jupyter._version import __version__

        self.places.make()
        return Status(
            version=__version__,
            home=str(self.places.home),
            store=str(self.places.store),
            disk_free=shutil.disk_usage(self.places.store).free,
            builds_running=len(self.registry.builds.running()),
        )

    def uninstall(self, *, purge: bool) -> list[str]:
        """Remove kernels and launcher; with ``purge`` also the store, the builds and the registry.

        Returns what was removed.
        """
        from mlenv_jupyter.kernels import kernelspecs
        from mlenv_jupyter.store.removal import purge_places, remove_launchers

        removed = [f"kernel {one}" for one in kernelspecs.remove_all(self.places.kernels)]
        if purge and self.places.registry.exists():
            for service in self.services.all():
                self.services.delete(service.name)
            for run in self.registry.runs.running():
                self.runs.cancel(run.id)
                self.runs.wait(run.id, 10)
            for build in self.registry.builds.running():
                self.cancel(build.id)
                self.wait(build.id, 10)
        self.close()
        removed += remove_launchers(self.places)
        if purge:
            removed += purge_places(self.places)
        return removed

    # Inside.

    def _note_kernel(self, action: Any, name: str, version: str, made: str) -> None:
        self.registry.changes.add("kernel", action, name, version=version, ref=made)


def whoami() -> str:
    """Who asks, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


__all__ = ["BuildFailed", "MlenvError", "Workspace", "WorkspaceDiff"]
