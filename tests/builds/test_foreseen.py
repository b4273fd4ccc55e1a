"""What a lock will come to, told before anything is built."""

from __future__ import annotations

import pytest

from mlenv_jupyter.builds.foreseen import foreseen
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage


def _package(name: str, version: str, filename: str, marker: str | None = None) -> UniversalPackage:
    file = LockedFile(filename=filename, sha256="0" * 64, size=1)
    return UniversalPackage(name=name, version=version, marker=marker, files=(file,))


LOCK = UniversalLock(
    requires_python=">=3.10",
    packages=(
        _package("six", "1.17.0", "six-1.17.0-py2.py3-none-any.whl"),
        _package("tomli", "2.0", "tomli-2.0-py3-none-any.whl", "python_version < '3.11'"),
        _package("pywin32", "311", "pywin32-311-cp311-cp311-win32.whl", "sys_platform == 'win32'"),
    ),
)


@pytest.mark.parametrize(
    ("python", "names"), [("3.10", ["six", "tomli"]), ("3.12", ["six"]), ("3.13.1", ["six"])]
)
def test_by_the_markers_of_the_python_that_is_asked_for(python: str, names: list[str]) -> None:
    found = foreseen(LOCK, Definition.create(python, ["six"]))
    assert found is not None
    assert [one.name for one in found] == names
    assert [one.direct for one in found] == [name == "six" for name in names]


@pytest.mark.parametrize("python", ["3.8", "pypy3.10"])
def test_nothing_is_said_of_a_python_that_the_lock_is_not_for(python: str) -> None:
    assert foreseen(LOCK, Definition(python=python)) is None


def test_nothing_is_said_where_a_package_has_no_file_here() -> None:
    lock = UniversalLock(
        requires_python="", packages=(_package("odd", "1", "odd-1-cp27-cp27m-win32.whl"),)
    )
    assert foreseen(lock, Definition.create("3.11", ["odd"])) is None
