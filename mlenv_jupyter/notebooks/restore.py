"""From what a notebook remembers to a version here: look first, then register with its lock."""

from __future__ import annotations

import platform
import sysconfig
from collections.abc import Iterable

from mlenv_jupyter.core import identity, trust
from mlenv_jupyter.core import stamp as stamps
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidDefinition, InvalidRequest, MlenvError
from mlenv_jupyter.core.lock import image_platform
from mlenv_jupyter.core.names import RESERVED_PREFIX, slug
from mlenv_jupyter.core.plan import Plan, PlanState
from mlenv_jupyter.core.stamp import Stamp
from mlenv_jupyter.core.trust import Tick
from mlenv_jupyter.notebooks.trusted import Restored, Trusted
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.rows import VersionRow
from mlenv_jupyter.store.store import Store


class Notebooks:
    """Stamps of versions, and versions from stamps. Looking never asks a network."""

    def __init__(self, registry: Registry, store: Store) -> None:
        self._registry = registry
        self._store = store
        self._trusted = Trusted(store.places.home)

    def stamp_of(
        self, name: str, version: str | None = None, *, follows: str | None = None
    ) -> Stamp:
        """What a notebook in this version should remember; raises NotFound."""
        row = self._registry.find(name, version)
        locked = row.lock_id is not None and self._registry.locks.get(row.lock_id)
        here = row.lock_id is not None and self._registry.locks.on_platform(
            row.lock_id, sysconfig.get_platform()
        )
        return stamps.make(
            name=row.name,
            version=row.version,
            definition=row.definition,
            universal=locked.lock if locked else None,
            lock=here.lock if here else None,
            follows=follows,
        )

    def plan(self, stamp: Stamp) -> Plan:
        """What the notebook wants beside what is here; nothing is fetched, resolved or run."""
        try:
            definition = Definition.parse(stamp.definition)
        except InvalidDefinition as error:
            return Plan(
                state="unreadable", name=stamp.name, version=stamp.version, warning=error.message
            )
        found = self._same(stamp)
        wrong = trust.contradiction(stamp)
        state = self._state(stamp, found, wrong)
        lock = stamp.lock if not wrong else None
        here = found or (self._alike(stamp) if state == "same-packages" else None)
        own = found is not None
        return Plan(
            state=state,
            name=stamp.name,
            version=stamp.version,
            follows=stamp.follows,
            python=lock.python if lock else definition.python,
            platform=lock.platform if lock else None,
            packages=len(lock.hashes) if lock else None,
            here_name=here.name if here else None,
            here_version=here.version if here else None,
            steps=_steps(stamp, state, here),
            ticks=self._ticks(definition, found, state),
            unbound=() if own else trust.unbound(definition),
            left_out=stamp.left_out,
            warning=f"Its lock is not used: {wrong}." if wrong else "",
            moved_to=self._moved(stamp),
            trusted=self._trusted.get(stamp) is not None,
        )

    def restore(
        self, stamp: Stamp, *, ticked: Iterable[str] = (), name: str | None = None, author: str = ""
    ) -> VersionRow:
        """Register what a notebook remembers, with its lock; the version, which may be there.

        Only a press leads here. Raises Conflict for what wants a tick and has none,
        InvalidDefinition, InvalidName.
        """
        found = self._same(stamp)
        if found is not None:
            self._trusted.tick(stamp, ticked)
            return found
        alike = self._alike(stamp)
        if alike is not None:
            return alike
        before = self._trusted.get(stamp)
        ticks = frozenset(ticked) | frozenset(before.ticks if before else ())
        foreign = Definition.parse(stamp.definition)
        missing = trust.refused(foreign, ticks)
        if missing:
            raise Conflict(
                f"This notebook's environment has {missing[0].text}, chosen by somebody else.",
                code="not_trusted",
                where=missing[0].id,
                remedy="Tick it if you trust who wrote the notebook.",
            )
        definition = trust.definition_of(stamp, ticks)
        chosen = name or self._free_name(stamp, definition)
        row, _ = self._registry.versions.register(
            chosen,
            definition,
            author=author,
            message=f"Restored from a notebook ({stamp.name} v{stamp.version})",
            lock_id=self._lock(stamp, definition),
            version=_kept(stamp.version) if chosen == stamp.name else None,
        )
        made = Restored(row.name, row.version, tuple(sorted(ticks)), row.definition_id)
        self._trusted.remember(stamp, made)
        return row

    def to_build(self, row: VersionRow) -> Definition:
        """How a version is built: one that came with a notebook runs no code that is not ticked."""
        restored = self._trusted.of_version(row.name, row.version, row.definition_id)
        if restored is None:
            return row.definition
        return trust.of_wheels_alone(row.definition, frozenset(restored.ticks))

    def is_registered(self, name: str) -> bool:
        """Whether there is an environment of a name here."""
        return self._find(name, "latest") is not None

    def of_definition(self, definition: Definition) -> VersionRow | None:
        """The newest version here that asks for the very same; None for what asks for nothing."""
        if not definition.wanted and definition.docker is None:
            return None
        ids = identity.definition_id(definition), identity.digest(definition)
        rows = self._registry.versions.with_definition(*ids)
        return next((one for one in rows if one.archived_at is None), None)

    def is_archived(self, plan: Plan) -> bool:
        """Whether the version that a plan found here is archived."""
        if plan.here_name is None:
            return False
        return bool(self._registry.find(plan.here_name, plan.here_version).archived_at)

    def _ticks(
        self, definition: Definition, found: VersionRow | None, state: PlanState
    ) -> tuple[Tick, ...]:
        """What its reader must want. What is registered here was wanted by somebody here."""
        if found is None:
            here = state == "same-packages"
            return () if here else (*trust.foreign(definition), *trust.sources_of(definition))
        restored = self._trusted.of_version(found.name, found.version, found.definition_id)
        if state == "ready" or restored is None or trust.SOURCES in restored.ticks:
            return ()
        return trust.sources_of(found.definition)

    def _lock(self, stamp: Stamp, definition: Definition) -> int | None:
        """The notebook's lock in the registry: the one that came to the same here, or a new one."""
        if stamp.lock is None or stamp.lock_digest is None or trust.contradiction(stamp):
            return None
        locks, digest = self._registry.locks, identity.digest(definition)
        minor = ".".join(stamp.lock.python.split(".")[:2])
        known = locks.with_result(digest, stamp.lock_digest)
        if known is not None:
            return known
        universal, lock = stamps.locks_of(stamp.lock, definition)
        lock_id = locks.add_another(digest, minor, universal, {})
        locks.set_on_platform(lock_id, identity.lock_digest(lock), lock)
        return lock_id

    def _same(self, stamp: Stamp) -> VersionRow | None:
        """The version here with this Definition id and this lock, its own name first.

        One without a lock yet may come to another: only where none has this very one.
        """
        rows = self._registry.versions.with_definition(stamp.definition_id, stamp.digest)
        unlocked = None
        for row in sorted(rows, key=lambda one: (one.name != stamp.name, -one.number)):
            known = self._lock_digests(row)
            if stamp.lock_digest is None or stamp.lock_digest in known:
                return row
            if not known:
                unlocked = unlocked or row
        if unlocked is not None:
            return unlocked
        # What was restored without all that its author wanted has another Definition id.
        before = self._trusted.get(stamp)
        if before is not None:
            return self._find(before.name, before.version)
        curated = stamp.name.lower().startswith(RESERVED_PREFIX)
        own = self._find(stamp.name, stamp.version) if curated else None
        return own if own and own.definition_id == stamp.definition_id else None

    def _find(self, name: str, version: str) -> VersionRow | None:
        try:
            return self._registry.find(name, version)
        except MlenvError:
            return None

    def _alike(self, stamp: Stamp) -> VersionRow | None:
        """A version with other words, the same packages and the same variables."""
        if stamp.lock_digest is None:
            return None
        wanted = Definition.parse(stamp.definition).variables
        for row in self._registry.versions.with_digest(stamp.digest):
            if row.definition.variables == wanted and stamp.lock_digest in self._lock_digests(row):
                return row
        return None

    def _state(self, stamp: Stamp, found: VersionRow | None, wrong: str | None) -> PlanState:
        if found is not None:
            return "ready" if any(map(self._built, self._lock_digests(found))) else "registered"
        alike = self._alike(stamp)
        if alike is not None and self._built(stamp.lock_digest or ""):
            return "same-packages"
        if stamp.lock is None or wrong:
            return "unlocked"
        here = stamp.lock.platform == sysconfig.get_platform()
        return "buildable" if here else "other-platform"

    def _moved(self, stamp: Stamp) -> str | None:
        """The version that the followed label is at now, where that is another one."""
        if stamp.follows is None:
            return None
        row = self._find(stamp.name, stamp.follows)
        return row.version if row and row.version != stamp.version else None

    def _lock_digests(self, row: VersionRow) -> set[str]:
        """What a version's lock comes to here, as a prefix and as an image."""
        if row.lock_id is None:
            return set()
        docker = row.definition.docker
        image = image_platform(docker.platform if docker else None, platform.machine())
        here = (sysconfig.get_platform(), image)
        return set(self._registry.locks.digests([row.lock_id], here).values())

    def _built(self, lock_digest: str) -> bool:
        places = self._store.places
        return bool(lock_digest) and any(
            self._store.record(one) is not None
            for one in (places.prefix(lock_digest), places.image(lock_digest))
        )

    def _free_name(self, stamp: Stamp, definition: Definition) -> str:
        """The notebook's own name where nobody has it here, else one that says where it is from."""
        base = stamp.name
        if base.lower().startswith(RESERVED_PREFIX):
            base = slug(base)[len(RESERVED_PREFIX) :] or "restored"
        try:
            self._registry.environments.get(base)
        except MlenvError:
            return base
        return f"{base[:100]}-{identity.definition_id(definition)[:6]}"


def _kept(version: str) -> str | None:
    """What a version is called elsewhere, where it can be called so here."""
    too_high = version.isdigit() and len(version) > 6
    return None if too_high or version.lower() == "latest" else version


def require_stamp(stamp: Stamp | None) -> Stamp:
    """The stamp; raises InvalidRequest where there is none."""
    if stamp is None:
        raise InvalidRequest(
            "This notebook remembers no environment.",
            code="no_stamp",
            remedy="Choose one in JupyterLab, or `mlenv notebook stamp FILE -n NAME`.",
        )
    return stamp


def _steps(stamp: Stamp, state: PlanState, here: VersionRow | None) -> tuple[str, ...]:
    """What Restore does, in order, one sentence each."""
    label = f"{here.name} v{here.version}" if here else f"{stamp.name} v{stamp.version}"
    if state == "ready":
        return (f"Switch to {label}.",)
    if state == "same-packages":
        return (f"Switch to {label}, which has the same packages.",)
    if state == "registered":
        return (f"Build {label}.", "Switch to it.")
    count = len(stamp.lock.hashes) if stamp.lock else 0
    if state == "buildable":
        return (
            f"Register {stamp.name} with the lock of the notebook.",
            f"Install its {count} packages by their hashes.",
            "Switch to it.",
        )
    if state == "other-platform":
        return (
            f"Register {stamp.name}.",
            "Resolve it for this machine, with the versions of the notebook's lock.",
            "Build it, and switch to it.",
        )
    return (f"Register {stamp.name}.", "Resolve and build it.", "Switch to it.")
