"""Snapshots: source directories as they were when a run was submitted, kept by their content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv_jupyter.core.errors import InvalidRequest, NotFound, TooLarge
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import make_read_only

if TYPE_CHECKING:
    from pathspec import PathSpec

MAX_FILES = 10_000
MAX_BYTES = 300 * 1024 * 1024
"""The seed system's limit."""

IGNORED = (
    *(".git/", ".ipynb_checkpoints/", "__pycache__/", ".azureml/"),
    *("/outputs/", "/logs/", "/azureml-logs/"),
)
"""What is never part of a snapshot: version control, caches, and what runs themselves write."""


def add_snapshot(places: Places, directory: Path) -> str:
    """Keep a directory as it is now; its digest, 64 hex.

    ``.amlignore`` says what is left out, or where there is none ``.gitignore``. Raises NotFound,
    TooLarge, InvalidRequest for what cannot be read.
    """
    if not _is_directory(directory):
        raise NotFound(f"There is no directory {directory}.", where="source_directory")
    places.make()
    places.snapshots.mkdir(mode=0o700, exist_ok=True)
    own = {places.home.resolve(), places.store.resolve()}
    import tempfile

    from mlenv_jupyter.store.contexts import digest_of

    with tempfile.TemporaryDirectory(dir=places.snapshots, prefix=".adding-") as work:
        # Copied before it is hashed: files may change while they are read.
        staged = Path(work) / "snapshot"
        staged.mkdir()
        size = 0
        for count, relative in enumerate(chosen_files(directory, own), 1):
            source, target = directory / relative, staged / relative
            size += source.lstat().st_size
            if count > MAX_FILES or size > MAX_BYTES:
                raise TooLarge(
                    f"{directory} has more than {MAX_FILES} files or {MAX_BYTES // 1024**2} MB.",
                    where="source_directory",
                    remedy="Name what the script does not need in .amlignore, "
                    "or give a smaller source_directory.",
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy2(source, target, follow_symlinks=False)
            except PermissionError as error:
                raise _unreadable(error) from None
        digest = digest_of(staged)
        place = places.snapshot(digest)
        if not place.exists():
            try:
                os.rename(staged, place)
            except OSError:
                if not place.exists():
                    raise
            else:
                make_read_only(place)
    return digest


def chosen_files(directory: Path, own: Collection[Path] = ()) -> Iterator[Path]:
    """The files of a directory that belong to its snapshot, by their relative paths.

    ``own`` are mlenv's directories, which are no sources wherever they are.
    """
    ignored = _ignored(directory)

    def refuse(error: OSError) -> None:
        if isinstance(error, PermissionError):
            raise _unreadable(error)

    for place, directories, files in os.walk(directory, onerror=refuse):
        here = Path(place).relative_to(directory)
        # What is left out is not walked: it may be a whole environment.
        directories[:] = [
            one
            for one in sorted(directories)
            if not ignored.match_file(f"{(here / one).as_posix()}/")
            and not (own and Path(place, one).resolve() in own)
        ]
        links = [one for one in directories if os.path.islink(os.path.join(place, one))]
        for name in sorted([*files, *links]):
            relative = here / name
            path = directory / relative
            if ignored.match_file(relative.as_posix()):
                continue
            if path.is_symlink() or path.is_file():
                yield relative


def _ignored(directory: Path) -> PathSpec[Any]:
    from pathspec import PathSpec

    for name in (".amlignore", ".gitignore"):
        try:
            lines = (directory / name).read_text(errors="replace").splitlines()
        except OSError:
            continue
        try:
            return PathSpec.from_lines("gitignore", [*IGNORED, *lines])
        except ValueError as error:
            raise InvalidRequest(
                f"{name} has a line that is no pattern. {error}",
                where=name,
                remedy="Correct that line, or take it out.",
            ) from None
    return PathSpec.from_lines("gitignore", IGNORED)


def _unreadable(error: OSError) -> InvalidRequest:
    return InvalidRequest(
        f"{error.filename} cannot be read.",
        where="source_directory",
        remedy="Make it readable, or name it in .amlignore.",
    )


def _is_directory(place: Path) -> bool:
    try:
        return place.is_dir()
    except (OSError, ValueError):  # a name that nothing can have
        return False


def copy_snapshot(snapshot: Path, work: Path) -> None:
    """A copy of a snapshot that a script may write in."""

    def copy(source: str, target: str) -> str:
        shutil.copyfile(source, target, follow_symlinks=False)
        if not os.path.islink(target):
            os.chmod(target, 0o700 if os.access(source, os.X_OK) else 0o600)
        return target

    for place, directories, files in os.walk(snapshot):
        here = work / Path(place).relative_to(snapshot)
        here.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in files:
            copy(os.path.join(place, name), os.fspath(here / name))
        for name in directories:
            if os.path.islink(os.path.join(place, name)):
                copy(os.path.join(place, name), os.fspath(here / name))
