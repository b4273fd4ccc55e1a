"""What Workspace answers with: the registry joined with what is built and installed here."""

from __future__ import annotations

import os
import platform
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from mlenv_jupyter.builds.choice import definition_in
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.build import FORMS, Build, Form
from mlenv_jupyter.core.builder import builder_of, form_of
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, MlenvError
from mlenv_jupyter.core.lock import LockedPackage, image_platform
from mlenv_jupyter.core.version import BuiltState, Environment, Version, VersionForm
from mlenv_jupyter.registry.catalogue import Curated
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.rows import LATEST, EnvironmentRow, VersionRow
from mlenv_jupyter.store.store import Record, Store

PLATFORM = sysconfig.get_platform()
Digests = Mapping[Form, str]


class Views:
    """Joins the registry, the store and the kernelspecs into values for the wire."""

    def __init__(self, registry: Registry, store: Store, base_image: str = "") -> None:
        self._registry = registry
        self._store = store
        self._base_image = base_image

    def environments(self, rows: Iterable[EnvironmentRow]) -> tuple[Environment, ...]:
        """Registered environments as rows of a list."""
        kept = list(rows)
        latest = self.versions([row.latest for row in kept])
        labels = self._registry.labels.of([row.name for row in kept]) if kept else {}
        return tuple(
            Environment(
                name=row.name,
                source="registry",
                description=row.description,
                tags=row.tags,
                labels={
                    LATEST: version.version,
                    **{one.label: one.version for one in labels.get(row.name, ())},
                },
                updated_at=row.updated_at,
                archived_at=row.archived_at,
                version_count=row.version_count,
                latest=version,
                ready_version=version.version if version.state == "ready" else row.ready_version,
            )
            for row, version in zip(kept, latest, strict=True)
        )

    def curated(self, entries: Iterable[Curated]) -> tuple[Environment, ...]:
        """Curated environments as rows of a list."""
        kept = list(entries)
        versions = self.versions(self._registry.curated(kept))
        return tuple(
            Environment(
                name=entry.name,
                source="catalogue",
                description=entry.description,
                icon=entry.icon,
                tags=entry.tags,
                labels={LATEST: version.version},
                read_only=True,
                updated_at=entry.updated_at,
                latest=version,
                ready_version=version.version if version.state == "ready" else None,
            )
            for entry, version in zip(kept, versions, strict=True)
        )

    def versions(self, rows: list[VersionRow]) -> tuple[Version, ...]:
        """Versions for a list: without definition and packages."""
        return self._light(rows, self._digests(rows))

    def _light(
        self, rows: list[VersionRow], digests: Mapping[tuple[str, str], Digests]
    ) -> tuple[Version, ...]:
        known = self._registry.builds.of_versions([(row.name, row.version) for row in rows])
        builds = dict(zip(known, self._registry.builds.placed(known.values()), strict=True))
        own = [row.id for row in rows if row.source == "registry"]
        labels = self._registry.labels.of_versions(own) if own else {}
        return tuple(
            self._version(
                row,
                builds.get((row.name, row.version)),
                digests.get((row.name, row.version), {}),
                (*([LATEST] if row.latest else []), *labels.get(row.id, ())),
            )
            for row in rows
        )

    def _digests(self, rows: list[VersionRow]) -> dict[tuple[str, str], Digests]:
        """The lock digests here of each version that has a lock, by form."""
        asked = {
            (row.name, row.version): (
                row.lock_id,
                {form: platform_of(row.definition, form) for form in FORMS},
            )
            for row in rows
            if row.lock_id is not None
        }
        platforms = {one for _, wanted in asked.values() for one in wanted.values()}
        known = self._registry.locks.digests({lock for lock, _ in asked.values()}, platforms)
        return {
            version: {
                form: known[lock, platform]
                for form, platform in wanted.items()
                if (lock, platform) in known
            }
            for version, (lock, wanted) in asked.items()
        }

    def full(self, row: VersionRow) -> Version:
        """One version with its definition, and its packages where they are resolved."""
        digests = self._digests([row])
        (light,) = self._light([row], digests)
        record = self.record(light.lock_digest)
        packages: tuple[LockedPackage, ...] | None = record.packages if record else None
        if packages is None and row.lock_id is not None:
            platform = platform_of(row.definition, form_of(row.definition))
            found = self._registry.locks.on_platform(row.lock_id, platform)
            packages = found.lock.packages if found else None
        if packages is None:
            packages = self._foreseen(row)
        forms = self._forms(row, digests.get((row.name, row.version), {}))
        return msgspec.structs.replace(
            light, definition=row.definition, packages=packages, forms=forms
        )

    def made(self, row: VersionRow, form: Form | None = None) -> Record | None:
        """The record of what is built of a version: in a form, or in the one that is used."""
        digests = self._digests([row]).get((row.name, row.version), {})
        if form is not None:
            return self.record(digests.get(form))
        return self._used(row, digests)[1]

    def built(self, row: VersionRow, form: Form | None = None) -> Record:
        """The commit record of a version in a form; raises Conflict where it is not built."""
        record = self.made(row, form)
        if record is None:
            reference = f"{row.name}:{row.version}"
            wanted, option = (f" as {form}", f" --as {form}") if form else ("", "")
            raise Conflict(
                f"{reference} is not built{wanted} on this machine.",
                code="not_built",
                where=reference,
                remedy=f"Build it first: `mlenv build {reference}{option}`.",
            )
        return record

    def has_other_form(self, row: VersionRow, form: Form) -> bool:
        """Whether a version is resolved in another form than this one."""
        return any(one != form for one in self._digests([row]).get((row.name, row.version), {}))

    def _forms(self, row: VersionRow, digests: Digests) -> tuple[VersionForm, ...]:
        """What a version is and can become, its own form first."""
        own = form_of(row.definition)
        made = []
        for form in sorted(FORMS, key=lambda one: one != own):
            refused, builder = None, ""
            try:
                builder = str(builder_of(row.definition, form))
                definition_in(row.definition, form, self._base_image)
            except MlenvError as error:
                refused = f"{error.message} {error.remedy}".strip()
            digest = digests.get(form)
            record = self.record(digest)
            made.append(
                VersionForm(
                    form=form,
                    own=form == own,
                    builder=builder,
                    refused=refused,
                    lock_digest=digest,
                    built=record is not None,
                    size=_size(record),
                    kernel=installed_kernel(row.name, row.definition_id, digest),
                )
            )
        return tuple(made)

    def _used(self, row: VersionRow, digests: Digests) -> tuple[str | None, Record | None]:
        """The lock digest and the record of the form that is used: the prefix where both are."""
        for form in FORMS:
            record = self.record(digests.get(form))
            if record is not None:
                return digests[form], record
        return digests.get(form_of(row.definition)), None

    def _foreseen(self, row: VersionRow) -> tuple[LockedPackage, ...] | None:
        """What a lock that was never used here will come to: of a curated version, or refreshed."""
        from mlenv_jupyter.builds.foreseen import foreseen

        if row.source == "catalogue":
            entry = self._registry.catalogue.entry(row.name, row.version)
            lock = entry.lock() if entry is not None else None
        else:
            found = self._registry.locks.get(row.lock_id) if row.lock_id is not None else None
            lock = found.lock if found is not None else None
        return foreseen(lock, row.definition) if lock is not None else None

    def record(self, lock_digest: str | None) -> Record | None:
        """The commit record of the prefix or image of a lock, if it is built here."""
        if lock_digest is None:
            return None
        places = self._store.places
        return self._store.record(places.prefix(lock_digest)) or self._store.record(
            places.image(lock_digest)
        )

    def _version(
        self,
        row: VersionRow,
        build: Build | None,
        digests: Digests,
        labels: tuple[str, ...],
    ) -> Version:
        lock_digest, record = self._used(row, digests)
        kernels = (
            installed_kernel(row.name, row.definition_id, one)
            for one in (lock_digest, *(one for one in digests.values() if one != lock_digest))
        )
        return Version(
            name=row.name,
            version=row.version,
            source=row.source,
            kind=row.definition.kind,
            python=row.definition.python or (minor_of(record.python) if record else None),
            description=row.description,
            tags=row.tags,
            labels=labels,
            author=row.author,
            message=row.message,
            created_at=row.created_at,
            archived_at=row.archived_at,
            definition_id=row.definition_id,
            digest=row.digest,
            lock_digest=lock_digest,
            state=state_of(build, built=record is not None),
            build=build,
            size=_size(record),
            kernel=next(filter(None, kernels), None),
            wanted=row.definition.wanted,
        )


def state_of(build: Build | None, *, built: bool) -> BuiltState:
    """What a version's state is called, given its newest build and whether it is built here."""
    if build is not None and not build.ended:
        return "queued" if build.state == "queued" else "building"
    if built:
        return "ready"
    if build is None or build.state == "succeeded":
        return "not-built"
    return "cancelled" if build.state == "cancelled" else "failed"


def installed_kernel(name: str, definition_id: str, lock_digest: str | None) -> str | None:
    """The name of a version's kernel, if it is installed."""
    if lock_digest is None:
        return None
    from jupyter_core.paths import jupyter_data_dir

    from mlenv_jupyter.core.names import kernel_name

    made = kernel_name(name, identity.fingerprint(definition_id, lock_digest))
    there = os.path.exists(Path(jupyter_data_dir(), "kernels", made, "kernel.json"))
    return made if there else None


def platform_of(definition: Definition, form: Form) -> str:
    """The platform whose lock a definition has here in a form."""
    if form == "prefix":
        return PLATFORM
    docker = definition.docker
    return image_platform(docker.platform if docker else None, platform.machine())


def _size(record: Record | None) -> int | None:
    if record is None:
        return None
    return record.image.size if record.image else record.size


def minor_of(version: str) -> str:
    """``3.11`` of ``3.11.7``."""
    return ".".join(version.split(".")[:2])
