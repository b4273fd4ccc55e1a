"""The Catalogue: curated environments, read-only. mlenv ships some, a team may add its own.

Each is a pair of files: ``NAME.json`` and, where it is locked, its universal lock ``NAME.lock``
(names, versions, hashes and file names; no addresses). A version never changes: ``NAME@1.json``
and ``NAME@1.lock`` are version 1 of what has a newer one.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import (
    InvalidDefinition,
    InvalidRequest,
    MlenvError,
    NotFound,
    Problem,
)
from mlenv_jupyter.core.lockfile import read_lock
from mlenv_jupyter.core.names import (
    RESERVED_PREFIX,
    canonical_name,
    check_name,
    check_version,
    meant,
)
from mlenv_jupyter.core.universal import UniversalLock

LOG = logging.getLogger(__name__)
PLACE = Path(__file__).parent
LARGEST = 20 * 1024 * 1024


class Curated(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a curated environment. ``place`` is the directory that its files are in."""

    name: str
    version: str
    description: str = ""
    tags: dict[str, str] = {}
    icon: str | None = None
    updated_at: str = ""
    definition: Definition
    place: Path
    file: str

    @property
    def shipped(self) -> bool:
        """Whether it came with mlenv."""
        return self.place == PLACE

    @property
    def lock_file(self) -> Path:
        """Where its lock is; it need not be there."""
        return self.place / f"{self.file.removesuffix('.json')}.lock"

    def lock(self) -> UniversalLock | None:
        """Its committed lock; None where it has none. Raises InvalidRequest."""
        try:
            return read_lock(self.lock_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(
                f"{self.lock_file} cannot be read: {error}.", where=self.name
            ) from error


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is in ``NAME.json``."""

    name: str
    version: str
    description: str = ""
    tags: dict[str, str] = {}
    icon: str | None = None
    updated_at: str = ""
    definition: Any


class Shelf(msgspec.Struct, frozen=True):
    """What one look found: the versions of each name in lower case, newest first; what is wrong."""

    versions: Mapping[str, tuple[Curated, ...]]
    problems: tuple[Problem, ...]


class Catalogue:
    """The shipped environments and those of the given directories. Every look is a fresh one."""

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        self.directories = tuple(directories)
        self._read: dict[tuple[str, int, int], Curated | Problem] = {}

    def look(self) -> Shelf:
        """Everything that can be read. A broken file is a problem, and no error."""
        found: dict[str, list[Curated]] = {}
        problems: list[Problem] = []
        read: dict[tuple[str, int, int], Curated | Problem] = {}
        for place in dict.fromkeys((PLACE, *self.directories)):
            try:
                with os.scandir(place) as entries:
                    files = [one for one in entries if one.name.endswith(".json")]
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(_problem(str(place), f"It cannot be read: {error.strerror}."))
                continue
            for file in sorted(files, key=lambda one: one.name):
                known = file.stat()
                key = (file.path, known.st_mtime_ns, known.st_size)
                seen = self._read.get(key)
                one = read[key] = seen or _entry(Path(file.path), place)
                if seen is None and isinstance(one, Problem):
                    LOG.warning("%s: %s %s", one.where, one.message, one.remedy)
                if isinstance(one, Curated):
                    there = found.get(one.name.lower(), [])
                    one = _clash(one, there) or one
                if isinstance(one, Curated):
                    found.setdefault(one.name.lower(), []).append(one)
                else:
                    problems.append(one)
        self._read = read
        return Shelf(
            {name: tuple(sorted(all_, key=_age, reverse=True)) for name, all_ in found.items()},
            tuple(problems),
        )

    def newest(self) -> tuple[Curated, ...]:
        """The newest version of each, those of mlenv first."""
        shelf = self.look()
        heads = (versions[0] for versions in shelf.versions.values())
        return tuple(sorted(heads, key=lambda one: (not one.shipped, one.name.lower())))

    def versions(self, name: str) -> tuple[Curated, ...]:
        """The versions of a name or an alias in any letter case, newest first; maybe none."""
        return self.look().versions.get(canonical_name(name).lower(), ())

    def entry(self, name: str, version: str | None = None) -> Curated | None:
        """One version, the newest where none is named; None where the name is not there.

        Raises NotFound for another version.
        """
        there = self.versions(name)
        if not there:
            return None
        if version in (None, "latest"):
            return there[0]
        for wanted in meant(version or ""):
            for one in there:
                if one.version == wanted:
                    return one
        raise NotFound(
            f"{there[0].name!r} has no version {version!r}.",
            where="version",
            remedy=f"Its newest is {there[0].version}.",
        )


def _entry(path: Path, place: Path) -> Curated | Problem:
    try:
        if path.stat().st_size > LARGEST:
            return _problem(str(path), "It is larger than 20 MB.")
        read = msgspec.json.decode(path.read_bytes(), type=_File)
        check_name(read.name, own=place != PLACE)
        check_version(read.version)
        if path.name not in (f"{read.name}.json", f"{read.name}@{read.version}.json"):
            return _problem(
                str(path),
                f"The name in it is {read.name!r}.",
                f"Call the file {read.name}.json.",
            )
        return Curated(
            name=read.name,
            version=read.version,
            description=read.description,
            tags=read.tags,
            icon=read.icon,
            updated_at=read.updated_at,
            definition=Definition.parse(read.definition),
            place=place,
            file=path.name,
        )
    except InvalidDefinition as error:
        first = error.problems[0]
        return _problem(str(path), f"definition.{first.where}: {first.message}", first.remedy)
    except MlenvError as error:
        return _problem(str(path), error.message, error.remedy)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        return _problem(str(path), f"It cannot be read: {error}.", "See docs/how-to/catalogue.md.")


def _clash(one: Curated, there: Iterable[Curated]) -> Problem | None:
    for other in there:
        if other.place != one.place:
            return _problem(
                str(one.place / one.file),
                f"{one.name!r} is in {other.place}, too.",
                "The first one is taken. Rename one of them.",
            )
        if other.version == one.version:
            return _problem(
                str(one.place / one.file), f"Version {one.version} is in {other.file}, too."
            )
    return None


def _age(one: Curated) -> tuple[bool, int, str]:
    # NAME.json is the newest; what is called NAME@… goes by its number.
    number = int(one.version) if one.version.isdigit() else 0
    return "@" not in one.file, number, one.version


def _problem(where: str, message: str, remedy: str = "") -> Problem:
    return Problem(code="broken_catalogue", message=message, where=where, remedy=remedy)


def contents(entry: Curated) -> str:
    """The text of ``NAME.json``."""
    definition = msgspec.to_builtins(entry.definition)
    plain = msgspec.to_builtins(Definition())
    lean = _lean(definition, plain)
    made = {
        "name": entry.name,
        "version": entry.version,
        "description": entry.description,
        "tags": entry.tags,
        "icon": entry.icon,
        "updated_at": entry.updated_at,
        "definition": lean,
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _lean(value: dict[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from a Definition of which nothing is said."""
    made = {}
    for key, one in value.items():
        default = plain.get(key)
        if one == default:
            continue
        made[key] = _lean(one, default) if isinstance(one, dict) and default else one
    return made


__all__ = ["PLACE", "RESERVED_PREFIX", "Catalogue", "Curated", "contents"]
