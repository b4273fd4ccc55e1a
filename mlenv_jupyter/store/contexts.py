"""Docker build contexts, kept by their content: ``contexts/<sha256>/`` in the workspace's home."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mlenv_jupyter.core.errors import InvalidRequest, NotFound, TooLarge
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import make_read_only

MAX_FILES = 10_000
MAX_BYTES = 1024**3


class Contexts:
    """The build contexts of a workspace: directories as they were when they were added."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def add(self, directory: Path, dockerfile: str = "Dockerfile") -> tuple[str, Path]:
        """Keep a copy of a directory: its digest (64 hex), and where the copy is.

        Raises NotFound, InvalidRequest where the Dockerfile is not in it, TooLarge.
        """
        if not directory.is_dir():
            raise NotFound(f"There is no directory {directory}.", where="path")
        if not (directory / dockerfile).is_file():
            raise InvalidRequest(
                f"There is no {dockerfile} in {directory}.",
                where="dockerfile_path",
                remedy="Name it by its path from the context's root.",
            )
        _check_size(directory)
        self._places.make()
        self._places.contexts.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._places.contexts, prefix=".adding-") as work:
            # Copied before it is hashed: files may change while they are read.
            staged = Path(work) / "context"
            shutil.copytree(directory, staged, symlinks=True, copy_function=_copy)
            digest = digest_of(staged)
            place = self._places.contexts / digest
            if not place.exists():
                try:
                    os.rename(staged, place)
                except OSError:
                    if not place.exists():
                        raise
                else:
                    make_read_only(place)
        return digest, place


def digest_of(directory: Path) -> str:
    """64 hex of a tree: the paths, what is executable, contents, and where links lead."""
    made = hashlib.sha256(b"mlenv-context-1\0")
    for path in sorted(_walk(directory)):
        found = path.lstat()
        name = path.relative_to(directory).as_posix().encode(errors="surrogateescape")
        if stat.S_ISLNK(found.st_mode):
            kind, content = b"l", os.fsencode(os.readlink(path))
        elif stat.S_ISREG(found.st_mode):
            kind = b"x" if found.st_mode & 0o100 else b"f"
            with open(path, "rb") as file:
                hashed = hashlib.sha256()
                while chunk := file.read(1024 * 1024):
                    hashed.update(chunk)
                content = hashed.digest()
        else:
            continue
        made.update(b"%s%d:%s%d:%s" % (kind, len(name), name, len(content), content))
    return made.hexdigest()


def _walk(directory: Path) -> Iterator[Path]:
    for place, directories, files in os.walk(directory):
        for name in files:
            yield Path(place, name)
        for name in directories:
            # os.walk takes a link to a directory for one.
            if os.path.islink(os.path.join(place, name)):
                yield Path(place, name)


def _check_size(directory: Path) -> None:
    size = 0
    for files, path in enumerate(_walk(directory), 1):
        size += path.lstat().st_size
        if files > MAX_FILES or size > MAX_BYTES:
            raise TooLarge(
                f"{directory} has more than {MAX_FILES} files or {MAX_BYTES // 1024**3} GB.",
                where="path",
                remedy="Move what the Dockerfile does not copy out of it.",
            )


def _copy(source: str, target: str) -> str:
    if not stat.S_ISREG(os.lstat(source).st_mode):
        # A socket or a pipe: no part of an image, and reading one may never end.
        return target
    return shutil.copy2(source, target, follow_symlinks=False)
