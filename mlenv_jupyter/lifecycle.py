"""What becomes of versions after they are registered; none of it changes one."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mlenv_jupyter.core.errors import Conflict, InvalidName, InvalidRequest
from mlenv_jupyter.core.trust import of_wheels_alone
from mlenv_jupyter.core.version import Environment, HistoryEntry, Label, Page, Refresh, Version
from mlenv_jupyter.notebooks.trusted import Trusted
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.rows import LATEST, VersionRow
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.views import Views

LABEL = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
MAX_TAGS = 100
MAX_TAG = 1000


class Lifecycle:
    """Labels, history, roll back, refresh, archive, description and tags, deletion of a version.

    Names are of registered environments: curated ones are read-only, which raises Conflict.
    """

    def __init__(self, places: Places, registry: Registry, views: Views) -> None:
        self._places = places
        self._registry = registry
        self._views = views

    def labels(self, name: str) -> tuple[Label, ...]:
        """The labels of an environment, ``latest`` first. Raises NotFound."""
        entry = self._registry.curated_entry(name)
        if entry is not None:
            return (Label(label=LATEST, version=entry.version, moved_at=entry.updated_at),)
        row = self._registry.environments.get(name)
        latest = Label(label=LATEST, version=row.latest.version, moved_at=row.latest.created_at)
        return (latest, *self._registry.labels.of([name]).get(name, ()))

    def label(
        self,
        name: str,
        label: str,
        version: str | None = None,
        *,
        expected: str | None = None,
        author: str = "",
        message: str = "",
    ) -> Environment:
        """Have a label mean a version, the latest where none is named; whoever reads sees it whole.

        ``expected`` is what it must mean until now. Raises InvalidName, NotFound, Conflict.
        """
        self._require_own(name)
        check_label(label)
        row = self._registry.versions.get(name, version)
        self._registry.labels.set(
            name, label, row.version, expected=expected, author=author, message=message
        )
        return self._environment(name)

    def unlabel(self, name: str, label: str, *, author: str = "", message: str = "") -> None:
        """Take a label away. Raises InvalidName, NotFound."""
        self._require_own(name)
        check_label(label)
        self._registry.labels.remove(name, label, author=author, message=message)

    def history(
        self, name: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[HistoryEntry]:
        """What happened to an environment, newest first. Raises NotFound."""
        entry = self._registry.curated_entry(name)
        if entry is not None:
            made = tuple(
                HistoryEntry(at=one.updated_at, action="registered", version=one.version)
                for one in self._registry.catalogue.versions(name)
            )
            return Page(items=made, total=len(made))
        found = self._registry.history.page(name, limit=max(1, min(limit, 500)), cursor=cursor)
        return Page(items=found.entries, next=found.next, total=found.total)

    def roll_back(
        self, name: str, version: str | None = None, *, author: str = "", message: str = ""
    ) -> Version:
        """Have ``latest`` mean an older version, until the next one is registered.

        The version before the present one where none is named. No version is made: a version is
        a definition with its lock, and the same again is the one that there is. Raises NotFound,
        Conflict.
        """
        self._require_own(name)
        if version is not None:
            version = self._registry.versions.get(name, version).version
        row = self._registry.versions.roll_back(name, version, author=author, message=message)
        return self._views.full(row)

    def refresh(
        self,
        name: str,
        version: str | None = None,
        *,
        author: str = "",
        message: str = "",
        dry_run: bool = False,
    ) -> Refresh:
        """Resolve a version anew, and register the next one if something else comes of it.

        Raises NotFound, Conflict where it has no lock yet, BuildFailed with the reason.
        """
        from mlenv_jupyter.builds.refresh import resolve_anew

        self._require_own(name)
        row = self._registry.versions.get(name, version)
        self._places.make()
        trusted = Trusted(self._places.home)
        restored = trusted.of_version(row.name, row.version, row.definition_id)
        # What came with a notebook runs no code that is not ticked, when it is looked after either.
        wanted = row.definition
        if restored is not None:
            wanted = of_wheels_alone(wanted, frozenset(restored.ticks))
        with tempfile.TemporaryDirectory(dir=self._places.home, prefix=".refresh-") as work:
            found = resolve_anew(
                row,
                self._registry,
                self._places,
                Path(work),
                keep=not dry_run,
                definition=wanted,
            )
        if found.lock_id is None or found.lock_id == row.lock_id:
            return Refresh(version=self._views.full(row), created=False, changes=found.changes)
        made, created = self._registry.versions.refresh(
            name, row.version, found.lock_id, author=author, message=message
        )
        if restored and created:
            trusted.pass_on(restored, made.version)
        return Refresh(version=self._views.full(made), created=created, changes=found.changes)

    def archive(
        self, name: str, version: str | None = None, *, author: str = "", message: str = ""
    ) -> Environment:
        """Take an environment, or one version of it, out of every list; what uses it goes on.

        Raises NotFound, and Conflict for a version that a label means or that is the only one.
        """
        self._require_own(name)
        if version is not None:
            version = self._registry.versions.get(name, version).version
        self._registry.archive.put(name, version, author=author, message=message)
        self._mark_kernels(name)
        return self._environment(name)

    def restore(
        self, name: str, version: str | None = None, *, author: str = "", message: str = ""
    ) -> Environment:
        """Put an archived environment, or one version of it, back. Raises NotFound."""
        self._require_own(name)
        if version is not None:
            version = self._registry.versions.get(name, version).version
        self._registry.archive.take_back(name, version, author=author, message=message)
        self._mark_kernels(name)
        return self._environment(name)

    def describe(
        self,
        name: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        author: str = "",
        message: str = "",
    ) -> Environment:
        """Change description and tags in place; what is None stays. Raises NotFound."""
        self._require_own(name)
        check_tags(tags or {})
        self._registry.environments.describe(
            name, description=description, tags=tags, author=author, message=message
        )
        return self._environment(name)

    def delete_version(
        self, name: str, version: str, *, author: str = "", message: str = ""
    ) -> None:
        """Forget a version that nothing uses: no label, no kernel, no build that runs.

        Its prefix stays in the store until it is collected. Raises NotFound, Conflict.
        """
        self._require_own(name)
        row = self._registry.versions.get(name, version)
        (light,) = self._views.versions([row])
        reference, used = light.reference, ""
        if light.state in ("queued", "building"):
            used, remedy = "it is being built", "Cancel the build first."
        elif light.kernel is not None:
            used, remedy = (
                "it is installed as a kernel",
                f"Remove the kernel first: `mlenv kernel remove {reference}`.",
            )
        if used:
            raise Conflict(
                f"{reference} cannot be deleted: {used}.",
                code="in_use",
                where="version",
                remedy=remedy,
            )
        self._registry.versions.delete(name, row.version, author=author, message=message)

    def require_offered(self, row: VersionRow) -> None:
        """Raise Conflict for a version that is archived, itself or with its environment."""
        if row.source == "catalogue":
            return
        whole = self._registry.environments.get(row.name).archived_at is not None
        if row.archived_at or whole:
            reference = f"{row.name}:{row.version}"
            what = row.name if whole else reference
            raise Conflict(
                f"{reference} is archived, so no kernel is made of it.",
                code="archived",
                where="version",
                remedy=f"Restore it first: `mlenv restore {what}`.",
            )

    def _environment(self, name: str) -> Environment:
        return self._views.environments([self._registry.environments.get(name)])[0]

    def _require_own(self, name: str) -> None:
        if self._registry.curated_entry(name) is not None:
            raise Conflict(
                f"{name!r} is curated and cannot be changed.",
                code="read_only",
                where="name",
                remedy="Register a copy of it under a name of your own.",
            )

    def _mark_kernels(self, name: str) -> None:
        """Have the kernels of an environment say whether they are archived: they still start."""
        from mlenv_jupyter.kernels.kernelspecs import list_kernels, mark_archived

        whole = self._registry.environments.get(name).archived_at is not None
        rows = self._registry.versions.all(name, archived=True)
        archived = {row.version: whole or row.archived_at is not None for row in rows}
        for kernel in list_kernels(self._places.kernels):
            if kernel.name == name and kernel.version in archived:
                mark_archived(kernel.kernel_name, archived[kernel.version])


def check_label(label: str) -> str:
    """The label itself, if it may be set by hand; raises InvalidName."""
    if label.lower() == LATEST:
        raise InvalidName(
            "'latest' is kept by mlenv: it means the newest version, or the one rolled back to.",
            where="label",
            remedy="Use another label, or `mlenv rollback`.",
        )
    if not LABEL.fullmatch(label) or re.fullmatch(r"[vV]?\d+", label):
        raise InvalidName(
            f"{label[:80]!r} cannot be a label.",
            where="label",
            remedy="Use 1 to 64 letters, digits, dots, underscores and hyphens, beginning with a "
            "letter, and nothing that looks like a version.",
        )
    return label


def check_tags(tags: Mapping[str, str]) -> None:
    """Whether tags can be kept; raises InvalidRequest."""
    if len(tags) > MAX_TAGS:
        raise InvalidRequest(f"{len(tags)} tags are more than {MAX_TAGS}.", where="tags")
    for key, value in tags.items():
        if not key.strip() or len(key) > MAX_TAG or len(value) > MAX_TAG:
            raise InvalidRequest(
                f"The tag {key[:80]!r} is empty or too long.",
                where=f"tags.{key[:80]}",
                remedy=f"A tag is a word and a value, each of at most {MAX_TAG} characters.",
            )
