"""The shelf: wheels as they are once installed, with bytecode, to be linked into any prefix.

One entry per (wheel, Python, platform): ``files/`` is below site-packages, ``outside/`` below the
prefix, and ``entry.json`` has the list of both, so that nothing is looked for when a prefix is
made. Only what names a prefix (scripts, and the RECORD that has their hashes) is written for each.
uv fills the shelf: an entry is taken from what uv has just installed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from mlenv_jupyter.builds.python import Python
from mlenv_jupyter.core.universal import Chosen
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.store.trees import Size, link, make_read_only, remove_tree

ENTRY = "entry.json"
LINKERS = 4
"""Threads that link: nearly all of the time is in system calls, which let others run."""
HEAD = 1024
"""Bytes of a script in which its interpreter is named."""


class NotOnShelf(Exception):
    """Something has to be fetched or compiled, where only linking was to be done."""


class Folder(msgspec.Struct, frozen=True, array_like=True):
    """One directory of an entry: its path, the names of its files, their bytes together."""

    path: str
    files: tuple[str, ...]
    bytes: int


class Script(msgspec.Struct, frozen=True, array_like=True):
    """A program that names its interpreter: its path, as in RECORD, and what is around the name."""

    path: str
    recorded: str
    before: bytes
    after: bytes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One installed wheel. Where there are ``scripts``, ``record`` is RECORD without their rows."""

    format: int = 1
    info: str
    files: tuple[Folder, ...]
    outside: tuple[Folder, ...]
    scripts: tuple[Script, ...] = ()
    record: str = ""


class Owner(NamedTuple):
    """What packages are installed into; ``interpreter`` is what its scripts name, if they do."""

    prefix: Path
    site_packages: Path
    interpreter: str | None


class Row(NamedTuple):
    """One line of a RECORD: a path relative to site-packages, and ``sha256=…`` or nothing."""

    path: str
    hash: str
    size: str


class Shelf:
    """The entries for one Python on this platform; kernel layers have entries of their own."""

    def __init__(self, place: Path, python: Python, *, layer: bool = False) -> None:
        free, kind = "t" if python.free_threaded else "", "-layer" if layer else ""
        self.place = place / f"{python.cache_tag}{free}-{python.platform}{kind}"

    def has(self, one: Chosen) -> bool:
        """Whether a wheel can be linked from here."""
        return os.path.exists(self._of(one) / ENTRY)

    def get(self, one: Chosen) -> Entry | None:
        """What is on the shelf for a wheel; None where nothing whole is."""
        try:
            return msgspec.json.decode((self._of(one) / ENTRY).read_bytes(), type=Entry)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None

    def stage(self, one: Chosen) -> Path:
        """A new directory beside the place of an entry, where it is made before it is put there."""
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = self.place / f".{self._of(one).name}.{uuid.uuid4().hex[:8]}"
        (staged / "files").mkdir(parents=True)
        (staged / "outside").mkdir()
        return staged

    def put(self, one: Chosen, staged: Path, entry: Entry, *, replace: bool = False) -> None:
        """Make what was staged the entry of a wheel, read-only: whole or not there."""
        (staged / ENTRY).write_bytes(msgspec.json.encode(entry))
        make_read_only(staged)
        os.chmod(staged, 0o700)  # renaming a directory writes into it
        reach("shelf.staged")
        place = self._of(one)
        if replace and os.path.lexists(place):
            aside = self.stage(one)
            os.rename(place, aside / "files" / "old")
            remove_tree(aside)
        try:
            reach("shelf.rename")
            os.rename(staged, place)
        except OSError:
            if not self.has(one):
                raise
            remove_tree(staged)  # somebody was faster

    def give(self, entries: Iterable[tuple[Chosen, Entry]], owner: Owner) -> dict[str, Size]:
        """Link entries into a prefix; the directories that need no second look, and their sizes.

        Raises OSError where a file of the shelf is gone.
        """
        given = list(entries)
        sizes: dict[str, Size] = {}
        for one, entry in given:
            for _, target, folder in self._folders(one, entry, owner):
                files, size = sizes.get(target, (0, 0))
                sizes[target] = Size(files + len(folder.files), size + folder.bytes)
        # The large ones first: they are what the end waits for.
        given.sort(key=lambda pair: -len(pair[1].files))
        with ThreadPoolExecutor(LINKERS) as linkers:
            written = linkers.map(lambda pair: self._link(pair[0], pair[1], owner), given)
            looked_at = {os.fspath(owner.prefix), os.fspath(owner.site_packages)}
            looked_at.update(*written)
        return {path: size for path, size in sizes.items() if path not in looked_at}

    def _link(self, one: Chosen, entry: Entry, owner: Owner) -> set[str]:
        """Link one entry; the directories in which there is something else than its list says."""
        other = set()
        reach("shelf.link")
        for source, target, folder in self._folders(one, entry, owner):
            _make_directory(target)
            for name in folder.files:
                try:
                    os.link(f"{source}/{name}", f"{target}/{name}", follow_symlinks=False)
                except FileExistsError:
                    other.add(target)  # two wheels have it: the first one's stays
                except FileNotFoundError:
                    raise
                except OSError:  # another file system, or too many links
                    shutil.copy2(f"{source}/{name}", f"{target}/{name}", follow_symlinks=False)
        if entry.scripts:
            rows = [_write_script(script, owner) for script in entry.scripts]
            info = owner.site_packages / entry.info
            (info / "RECORD").write_text("".join(rows) + entry.record, encoding="utf-8")
            other.add(os.fspath(info))
            other |= {os.path.dirname(owner.prefix / one.path) for one in entry.scripts}
        return other

    def _folders(
        self, one: Chosen, entry: Entry, owner: Owner
    ) -> Iterator[tuple[str, str, Folder]]:
        """Every directory of an entry: where it is, where it goes, and what is in it."""
        place = os.fspath(self._of(one))
        for name, folders, target in (
            ("files", entry.files, owner.site_packages),
            ("outside", entry.outside, owner.prefix),
        ):
            for folder in folders:
                below = f"/{folder.path}" if folder.path else ""
                yield f"{place}/{name}{below}", f"{target}{below}", folder

    def _of(self, one: Chosen) -> Path:
        key = one.file.sha256
        if one.package.source:
            # From its address a file is installed with a direct_url.json; from an index without.
            source = msgspec.json.encode(one.package.source, order="deterministic")
            key += f"-{hashlib.sha256(source).hexdigest()[:8]}"
        return self.place / key


def gather(info: Path, owner: Owner, staged: Path, shared: frozenset[str]) -> Entry | None:
    """Link an installed package into ``staged``; its entry, or None where it is not to be shared.

    Not shared are packages whose RECORD is missing or not true, and those with scripts that name
    the prefix where we do not expect it. ``shared`` are the paths that several RECORDs list.
    """
    site, prefix = os.fspath(owner.site_packages), os.fspath(owner.prefix)
    scripts: list[Script] = []
    kept: list[Row] = []
    try:
        for row in read_record(info):
            path = os.path.normpath(os.path.join(site, row.path))
            inside = _is_below(path, site)
            if not _is_below(path, prefix) or (path in shared and not _is_as_recorded(path, row)):
                return None
            relative = os.path.relpath(path, site if inside else prefix)
            if owner.interpreter and not inside and relative.startswith("bin/"):
                found = _script(path, relative, row, owner)
                if isinstance(found, Script):
                    scripts.append(found)
                    continue
                if found:
                    return None
            kept.append(row)
            target = staged / ("files" if inside else "outside") / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            link(path, target)
    except (OSError, ValueError, csv.Error):
        return None
    if scripts:
        (staged / "files" / info.name / "RECORD").unlink(missing_ok=True)
    return Entry(
        info=info.name,
        files=_listed(staged / "files"),
        outside=_listed(staged / "outside"),
        scripts=tuple(scripts),
        record="".join(map(_line, kept)) if scripts else "",
    )


def read_record(info: Path) -> list[Row]:
    """The rows of a RECORD. Raises OSError, ValueError, csv.Error."""
    with open(info / "RECORD", newline="", encoding="utf-8") as file:
        return [Row(*[*row, "", ""][:3]) for row in csv.reader(file) if row]


def listed_twice(infos: Iterable[Path], site_packages: Path) -> frozenset[str]:
    """The paths that several packages say are theirs."""
    seen: set[str] = set()
    twice: set[str] = set()
    for info in infos:
        try:
            rows = read_record(info)
        except (OSError, ValueError, csv.Error):
            continue
        for row in rows:
            path = os.path.normpath(os.path.join(site_packages, row.path))
            (twice if path in seen else seen).add(path)
    return frozenset(twice)


def _script(path: str, relative: str, row: Row, owner: Owner) -> Script | bool:
    """A script that names the prefix's interpreter; else whether it names the prefix at all."""
    assert owner.interpreter is not None
    with open(path, "rb") as file:
        head = file.read(HEAD)
        if not head.startswith(b"#!"):
            return False
        data = head + file.read()
    prefix = os.fsencode(owner.prefix)
    before, name, after = data.partition(os.fsencode(owner.interpreter))
    if not name:
        return prefix in data
    if len(before) > HEAD or prefix in before or prefix in after:
        return True
    return Script(relative, row.path, before, after)


def _write_script(script: Script, owner: Owner) -> str:
    """Write a script for a prefix; its row of the RECORD."""
    data = script.before + os.fsencode(owner.interpreter or "") + script.after
    path = owner.prefix / script.path
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(0o755)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return _line(Row(script.recorded, f"sha256={digest}", str(len(data))))


def _line(row: Row) -> str:
    if any(mark in row.path for mark in ',"\r\n'):
        path = row.path.replace('"', '""')
        return f'"{path}",{row.hash},{row.size}\n'
    return f"{row.path},{row.hash},{row.size}\n"


def _listed(top: Path) -> tuple[Folder, ...]:
    """Every directory below a place, parents first."""
    found = []
    for place, directories, files in os.walk(top):
        directories.sort()
        path = os.path.relpath(place, top)
        size = sum(os.lstat(os.path.join(place, name)).st_size for name in files)
        found.append(Folder("" if path == "." else path, tuple(sorted(files)), size))
    return tuple(found)


def _is_as_recorded(path: str, row: Row) -> bool:
    if not row.hash.startswith("sha256=") or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == row.hash[len("sha256=") :]


def _is_below(path: str, top: str) -> bool:
    return path.startswith(top + os.sep)


def _make_directory(path: str) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)
