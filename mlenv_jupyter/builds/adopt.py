"""«Make reproducible»: an environment that is there becomes a Definition with a lock."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.adoptable import find_existing
from mlenv_jupyter.builds.existing import contents_of
from mlenv_jupyter.builds.pipeline import uv_environment
from mlenv_jupyter.builds.resolve import ToolFailed, resolve, storable
from mlenv_jupyter.builds.unsolvable import Facts, read
from mlenv_jupyter.core.errors import NotFound, Unavailable
from mlenv_jupyter.core.existing import Contents, Existing
from mlenv_jupyter.core.names import check_name, slug
from mlenv_jupyter.core.requirements import name_of
from mlenv_jupyter.core.universal import UniversalLock
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.formats.installed import installed_pins, read_installed
from mlenv_jupyter.formats.report import Imported, Notes, Report
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.places import Places

ROUNDS = 40
"""How many packages may turn out not to be on the index before the lock is left to the build."""

_UNBUILT = re.compile(r"Failed to (?:download|build|fetch)[^`]*`([A-Za-z0-9][A-Za-z0-9._-]*)")


Register = Callable[..., tuple[Version, bool]]
"""Registers a Definition under a name, as Workspace.register does."""


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """The registered version, whether it was made now, and what became of each part."""

    version: Version
    created: bool
    read: Imported
    locked: int | None


class Adoption:
    """Finds environments that are there, reads them, and registers what would make them again."""

    def __init__(self, places: Places, registry: Registry, register: Register) -> None:
        self._places = places
        self._registry = registry
        self._register = register

    def found(self, near: Path | None = None) -> tuple[Existing, ...]:
        """The environments on this machine, seen from a directory."""
        return find_existing(
            (near or Path.cwd()).absolute(), without=(self._places.home, self._places.store)
        )

    def existing(self, id: str, near: Path | None = None) -> Existing:
        """One of them by its id; raises NotFound."""
        for one in self.found(near):
            if one.id == id:
                return one
        raise NotFound(
            "That environment is not on this machine any more.",
            where="id",
            remedy="Ask for the list again.",
        )

    def read(self, prefix: Path, name: str = "") -> Imported:
        """What would make a prefix again; nothing is resolved or registered.

        Raises NotFound, InvalidRequest, InvalidDefinition.
        """
        return read_installed(contents_of(prefix), name=name or suggested(prefix))

    def adopt(
        self,
        prefix: Path,
        name: str,
        *,
        description: str | None = None,
        message: str = "",
        author: str = "",
    ) -> Adopted:
        """Register what would make a prefix again, locked to the versions that are in it.

        Whatever no index has is left out, and in the report. Where there is no network the
        version is registered without a lock, which says so. Raises NotFound, InvalidRequest,
        InvalidName, Conflict.
        """
        self._registry.refuse_curated(check_name(name))
        contents = contents_of(prefix)
        read = read_installed(contents, name=name)
        found = None
        if read.definition.kind == "pip":
            read, found = self._lock(read, contents)
        elif read.definition.conda.packages:
            read = _noted(read, kept=("the lock is made when it is built: conda packages.",))
        version, created = self._register(
            name,
            read.definition,
            description=description,
            message=message or f"Adopted from {prefix}",
            author=author,
        )
        if found is None:
            return Adopted(version=version, created=created, read=read, locked=None)
        lock, addresses, minor = found
        row = self._registry.find(version.name, version.version)
        lock_id = self._registry.locks.add(row.digest, minor, lock, storable(addresses))
        self._registry.versions.set_lock(row.id, lock_id)
        return Adopted(version=version, created=created, read=read, locked=len(lock.packages))

    def _lock(
        self, read: Imported, contents: Contents
    ) -> tuple[Imported, tuple[UniversalLock, dict[str, str], str] | None]:
        uv = pythons.find_uv()
        env = uv_environment(self._places)
        wanted = read.definition.python
        try:
            python = pythons.find(wanted, uv=uv, directory=self._places.pythons, env=env)
        except Unavailable as error:
            return _noted(read, kept=(f"the lock is made when it is built: {error.message}",)), None
        self._places.make()
        attempt = _Attempt(read, list(installed_pins(contents)), python.minor)
        # A package may be for 3.11.5 and later: the minor alone would ask for older ones, too.
        oldest = contents.python if contents.python.count(".") == 2 else None
        with tempfile.TemporaryDirectory(dir=self._places.home, prefix=".adopt-") as work:
            for _ in range(ROUNDS):
                try:
                    lock, addresses = resolve(
                        attempt.definition,
                        python,
                        uv=uv,
                        work=Path(work),
                        env=env,
                        oldest=oldest,
                        constraints=attempt.pins,
                    )
                except ToolFailed as failed:
                    text = "\n".join(line.text for line in failed.lines)
                    if not attempt.give_way(text):
                        return attempt.ended(text), None
                    continue
                return attempt.result(), (lock, addresses, python.minor)
        return attempt.ended(""), None


class _Attempt:
    """What is still asked for while the index is found not to have some of it."""

    def __init__(self, read: Imported, pins: list[str], minor: str) -> None:
        self.definition = read.definition
        self.pins = pins
        self._marker = f"sys_platform == '{sys.platform}' and python_version == '{minor}'"
        self._read = read
        self._notes = Notes()

    def give_way(self, text: str) -> bool:
        """Leave out, or loosen, what the resolver says is in the way; whether anything was."""
        facts = read(text)
        missing = {name: f"No index that is asked has {name}." for name, _ in facts.missing}
        for name in _UNBUILT.findall(text):
            missing.setdefault(
                name, f"{name} has no wheel for this machine, and making one failed."
            )
        if missing:
            return sum(self._without(*one, facts) for one in missing.items()) > 0
        gone = [name for name, _ in facts.none] + [name for name, _, _ in facts.no_wheel]
        if sum(self._loosened(name) for name in dict.fromkeys(gone)):
            return True
        asked = {name for name, _ in facts.asked}
        if len(asked) == 1 and not facts.needs:
            # Every version of it was taken back, or none is for this Python.
            (name,) = asked
            return self._without(name, f"No version of {name} can be had.", facts)
        if self._marker and self.pins:
            # For other platforms and Pythons other versions may be needed.
            self.pins = [f"{one} ; {self._marker}" for one in self.pins]
            self._marker = ""
            return True
        if self.pins:
            # They stand in each other's way: keep what was asked for, resolve the rest anew.
            self.pins = []
            self._notes.keep(
                "lock",
                "not every version that is there goes with the others; "
                "what was not asked for by name is resolved anew.",
            )
            return True
        return False

    def result(self) -> Imported:
        """The report with what gave way."""
        report, more = self._read.report, self._notes.report()
        return msgspec.structs.replace(
            self._read,
            definition=self.definition,
            report=Report(
                taken=report.taken,
                kept=(*report.kept, *more.kept),
                refused=(*report.refused, *more.refused),
            ),
            problems=(*self._read.problems, *self._notes.problems),
        )

    def ended(self, text: str) -> Imported:
        """The report where there is no lock."""
        from mlenv_jupyter.builds.explain import explain

        said = explain("resolving", text.splitlines(), self.definition).message if text else ""
        self._notes.keep("lock", f"the lock is made when it is built. {said}".rstrip())
        return self.result()

    def _without(self, name: str, why: str, facts: Facts) -> bool:
        """Leave out a package that cannot be had, or else whatever asks for it."""
        asked = self.definition.pip.requirements
        lines = [one for one in asked if name_of(one) == name]
        if not lines:
            path = facts.path_to(name, map(name_of, asked))
            lines = [one for one in asked if path and name_of(one) == path[0].name]
            why = f"It needs {name}. {why}"
        for line in lines:
            remedy = "Set the index that has it, or add it as a wheel."
            self._notes.refuse(name_of(line), why, remedy, "not_on_index")
        return self._change(lines, [])

    def _loosened(self, name: str) -> bool:
        lines = [
            one
            for one in self.definition.pip.requirements
            if name_of(one) == name and "==" in one and " @ " not in one
        ]
        pins = [one for one in self.pins if name_of(one) == name]
        if not lines and not pins:
            return False
        there = (pins or lines)[0].partition("==")[2].partition(" ;")[0]
        self._notes.keep(name, f"version {there} is on no index; another one is taken.")
        self.pins = [one for one in self.pins if one not in pins]
        return self._change(lines, [name] if lines else []) or bool(pins)

    def _change(self, remove: list[str], add: list[str]) -> bool:
        if not remove:
            return False
        pip = self.definition.pip
        kept = [one for one in pip.requirements if one not in remove]
        self.definition = msgspec.structs.replace(
            self.definition, pip=msgspec.structs.replace(pip, requirements=(*kept, *add))
        ).checked()
        return True


def suggested(prefix: Path) -> str:
    """A name for what is adopted from a prefix."""
    own = prefix.name if prefix.name not in (".venv", "venv", "env", ".env") else prefix.parent.name
    return slug(own)


def _noted(read: Imported, *, kept: tuple[str, ...]) -> Imported:
    report = msgspec.structs.replace(read.report, kept=(*read.report.kept, *kept))
    return msgspec.structs.replace(read, report=report)
