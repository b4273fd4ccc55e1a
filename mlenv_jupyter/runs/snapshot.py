"""Snapshots: source directories as they were when a run was submitted, kept by their content."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from mlenv_jupyter.core.errors import NotFound, TooLarge
from mlenv_jupyter.store.contexts import digest_of
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import make_read_only

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
    TooLarge.
    """
    if not directory.is_dir():
        raise NotFound(f"There is no directory {directory}.", where="source_directory")
    places.make()
    places.snapshots.mkdir(mode=0o700, exist_ok=True)
    own = {places.home.resolve(), places.store.resolve()}
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
            shutil.copy2(source, target, follow_symlinks=False)
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
    from pathspec import PathSpec

    lines = list(IGNORED)
    for name in (".amlignore", ".gitignore"):
        try:
            lines += (directory / name).read_text(errors="replace").splitlines()
        except OSError:
            continue
        break
    ignored = PathSpec.from_lines("gitignore", lines)
    for place, directories, files in os.walk(directory):
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
