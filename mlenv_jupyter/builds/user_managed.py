"""An interpreter that the user looks after: looked at and recorded, nothing installed into it.

The commit record points at the foreign prefix. Nothing there is copied, changed or removed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.existing import contents_of
from mlenv_jupyter.builds.install import now
from mlenv_jupyter.builds.layer import resolve_layer
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.diff import PackageChange, diff_versions
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.existing import Contents
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage
from mlenv_jupyter.process import run, text_of
from mlenv_jupyter.store.store import Record

WHERE = "interpreter_path"
ASK = """
import json, sys, sysconfig
print(json.dumps([sys.prefix, sysconfig.get_path("purelib")]))
"""


class Interpreter(NamedTuple):
    """A Python of the user's: its prefix, where its packages are, and what it says of itself."""

    executable: Path
    prefix: Path
    site_packages: Path
    python: pythons.Python


class UserManagedPipeline(Pipeline):
    """Makes a Version of an interpreter that is there, without installing anything into it."""

    def run(self) -> Outcome:
        """From interpreter to commit record. Raises MlenvError, ToolFailed, OSError."""
        definition = self.spec.definition
        found = interpreter_of(definition)
        self.voice.stage("resolving", f"look at what is in {found.prefix}")
        contents = contents_of(found.prefix)
        universal, lock = recorded(found, contents, definition)
        # Which interpreter it is is no part of the digest, and all of the lock.
        key = hashlib.sha256(f"{self.spec.digest}\0{found.prefix}".encode()).hexdigest()
        locks = self.registry.locks
        before = locks.get(self.spec.lock_id) if self.spec.lock_id is not None else None
        before = before or locks.find(key, found.python.minor)
        if before is None:
            lock_id = locks.add(key, found.python.minor, universal, {})
        else:
            lock_id = before.id
            known = locks.on_platform(lock_id, found.python.platform)
            if known is not None:
                self._say_changes(diff_versions(known.lock.versions(), lock.versions()))
                lock = known.lock
        digest = identity.lock_digest(lock)
        locks.set_on_platform(lock_id, digest, lock)
        place = self.places.prefix(digest)
        site = self.site(found.python)
        versions = lock.versions()
        if "ipykernel" not in versions:
            self.voice.say(
                "ipykernel is not in it, so it comes as a kernel layer beside it; "
                f"nothing is installed into {found.prefix}"
            )
        layer = resolve_layer(site, lock, digest, definition)
        self.voice.stage("installing", "install the kernel layer only")
        self.install_layer(site, layer)

        def record() -> None:
            with self.store.making(place, replace=self.spec.force) as made:
                if made is None:
                    return
                self.voice.stage("verifying", "write down what was found")
                made.mkdir(mode=0o700)
                self.store.commit(
                    made,
                    Record(
                        lock_digest=digest,
                        python=lock.python,
                        site_packages=os.path.relpath(found.site_packages, found.prefix),
                        packages=lock.packages,
                        created_at=now(),
                        foreign=os.fspath(found.prefix),
                        interpreter=os.fspath(found.executable),
                    ),
                )

        self.make(place, record)
        self.finish(place, layer.digest, lock_id)
        return Outcome(digest, len(lock.packages))

    def _say_changes(self, changes: Iterable[PackageChange]) -> None:
        kept = list(changes)
        if kept:
            shown = ", ".join(told(one) for one in kept[:8])
            self.voice.say(
                f"Changed since it was recorded: {shown}{', …' if len(kept) > 8 else ''}. The "
                "version stays as it was recorded; register a new one to record what is there now."
            )


def interpreter_of(definition: Definition) -> Interpreter:
    """The interpreter that a definition names, by a path, a prefix, or a command on the PATH.

    Raises Unavailable, which says what is missing.
    """
    asked = definition.interpreter_path or "python3"
    path = Path(asked).expanduser()
    if path.is_dir():
        path = path / "bin" / "python"
    elif os.sep not in asked:
        found = shutil.which(asked)
        path = Path(found) if found else path
    python = pythons.query(path)
    if python is None:
        raise Unavailable(
            f"There is no Python at {asked}.",
            code="interpreter_missing",
            where=WHERE,
            detail="It does not start." if path.exists() else "There is no such file.",
            remedy="Name an interpreter, or the directory that has bin/python in it.",
        )
    code, lines = run([path, "-I", "-B", "-c", ASK], env={"PATH": os.defpath})
    if code != 0:
        raise Unavailable(
            f"The Python at {asked} does not start.",
            code="interpreter_missing",
            where=WHERE,
            detail=text_of(lines)[-400:],
            remedy="Mend it, or name another one.",
        )
    prefix, site_packages = msgspec.json.decode(text_of(lines, "out"), type=tuple[str, str])
    return Interpreter(path.absolute(), Path(prefix), Path(site_packages), python)


def recorded(
    found: Interpreter, contents: Contents, definition: Definition
) -> tuple[UniversalLock, Lock]:
    """What is in an interpreter, as a lock of its own kind: by name, version and place."""
    versions = {canonicalize_name(one.name): one.version for one in contents.distributions}
    wanted = frozenset(definition.wanted)
    packages = tuple(
        LockedPackage(
            name=name,
            version=version,
            # There is no file that it came from; the place makes it a lock of this machine's.
            sha256=hashlib.sha256(f"{found.prefix}\0{name}\0{version}".encode()).hexdigest(),
            filename=f"{name}-{version}",
            direct=name in wanted,
        )
        for name, version in sorted(versions.items())
    )
    universal = UniversalLock(
        requires_python=f"=={found.python.version}",
        packages=tuple(
            UniversalPackage(
                name=one.name,
                version=one.version,
                files=(LockedFile(filename=one.filename, sha256=one.sha256),),
            )
            for one in packages
        ),
    )
    implementation = f"{found.python.implementation} in {found.prefix}"
    return universal, Lock(
        python=found.python.version,
        implementation=implementation,
        platform=found.python.platform,
        packages=packages,
    )


def changes_since(record: Record) -> tuple[PackageChange, ...]:
    """What differs in a foreign prefix from what was recorded of it; raises NotFound."""
    assert record.foreign is not None
    there = contents_of(Path(record.foreign))
    now_there = {str(canonicalize_name(one.name)): one.version for one in there.distributions}
    return diff_versions(record.versions, now_there)


def told(change: PackageChange) -> str:
    """``six 1.16.0 → 1.17.0``, ``+six 1.17.0``, ``-six``."""
    if change.before is None:
        return f"+{change.name} {change.after}"
    if change.after is None:
        return f"-{change.name}"
    return f"{change.name} {change.before} → {change.after}"
