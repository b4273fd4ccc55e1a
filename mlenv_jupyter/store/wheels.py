"""Private wheels, kept by their content in the workspace's home: ``wheels/<sha256>/<name>``."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import BinaryIO

from packaging.utils import canonicalize_name

from mlenv_jupyter.core.checks import check_wheels, wheel_package
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound, Unavailable
from mlenv_jupyter.core.sections import Wheel
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import sync_directory

_DIST_INFO = re.compile(r"[^/]+\.dist-info/METADATA")
_CHUNK = 1024 * 1024


class Wheels:
    """The private wheels of a workspace. A name means one content, for good."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def add(self, path: Path, *, exist_ok: bool = False) -> Wheel:
        """Keep a wheel. Raises NotFound, InvalidRequest for what is no wheel, Conflict.

        Another content under a name that is there is always a Conflict; the same again is one
        unless ``exist_ok``.
        """
        if not path.is_file():
            raise NotFound(f"There is no wheel {path}.", where="file_path")
        _check(path)
        self._places.make()
        self._places.wheels.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._places.wheels, prefix=".adding-") as work:
            # Copied before it is hashed: the file may change while it is read.
            staged = Path(work) / path.name
            wheel = Wheel(name=path.name, sha256=_copy(path, staged))
            if problems := check_wheels([wheel]):
                raise InvalidRequest.of(problems[0])
            if not self._claim(wheel) and not exist_ok:
                raise Conflict(
                    f"{wheel.name} is in this workspace already, with the same content.",
                    code="wheel_exists",
                    where="file_path",
                    remedy="Say exist_ok=True to use it.",
                )
            place = self._places.wheels / wheel.sha256
            place.mkdir(mode=0o700, exist_ok=True)
            os.chmod(staged, 0o400)
            os.replace(staged, place / wheel.name)
            sync_directory(place)
        return wheel

    def path(self, wheel: Wheel) -> Path:
        """Where a wheel is. Raises Unavailable where it is not in this workspace, or damaged."""
        found = self._places.wheels / wheel.sha256 / wheel.name
        if check_wheels([wheel]) or not found.is_file():
            raise Unavailable(
                f"The private wheel {wheel.name} is not in this workspace.",
                code="no_wheel",
                where="wheels",
                remedy="Add the same file here, with Environment.add_private_pip_wheel().",
            )
        with open(found, "rb") as file:
            if _digest(file) != wheel.sha256:
                raise Unavailable(
                    f"The private wheel {wheel.name} is not what was added: its content differs.",
                    code="wheel_damaged",
                    where=str(found),
                    remedy="Remove that file, and add the wheel again.",
                )
        return found

    def _claim(self, wheel: Wheel) -> bool:
        """Have the name mean this content; False where it does already. Raises Conflict."""
        names = self._places.wheels / "names"
        names.mkdir(mode=0o700, exist_ok=True)
        # By the hash of the name: what a person typed makes no path of ours.
        claim = names / hashlib.sha256(wheel.name.encode()).hexdigest()
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(wheel.sha256)
                file.flush()
                os.fsync(file.fileno())
            return True
        other = claim.read_text()
        if other == wheel.sha256:
            return not (self._places.wheels / wheel.sha256 / wheel.name).exists()
        if not other:
            # The process that claimed it died before it had written what it claimed.
            claim.write_text(wheel.sha256)
            return True
        raise Conflict(
            f"There is another {wheel.name} in this workspace, with other content.",
            code="wheel_differs",
            where="file_path",
            remedy="Give the new one a version of its own.",
        )


def _check(path: Path) -> None:
    """Whether it is a wheel, and of the package that its name says."""
    wrong = InvalidRequest(
        f"{path.name} is not a wheel.",
        code="not_a_wheel",
        where="file_path",
        remedy="Make one with `python -m build --wheel`.",
    )
    package = wheel_package(path.name)
    if package is None:
        raise wrong
    try:
        with zipfile.ZipFile(path) as archive:
            found = [one for one in archive.infolist() if _DIST_INFO.fullmatch(one.filename)]
            if len(found) != 1 or found[0].file_size > 10 * _CHUNK:
                raise wrong
            name = BytesHeaderParser().parsebytes(archive.read(found[0]))["Name"] or ""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise wrong from error
    if canonicalize_name(name) != package:
        raise InvalidRequest(
            f"{path.name} is a wheel of {name}, which its file name does not say.",
            code="not_a_wheel",
            where="file_path",
            remedy="Give the file the name that it was built with.",
        )


def _copy(source: Path, target: Path) -> str:
    with open(source, "rb") as read, open(target, "wb") as write:
        shutil.copyfileobj(read, write, _CHUNK)
        write.flush()
        os.fsync(write.fileno())
    with open(target, "rb") as file:
        return _digest(file)


def _digest(file: BinaryIO) -> str:
    made = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        made.update(chunk)
    return made.hexdigest()
