"""The lock as a text file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.lockfile import read_lock, write_lock
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage

NAMES = st.sampled_from(["six", "a-b", "a-b-c2", "0x"])
VERSIONS = st.sampled_from(["1", "1.0.2", "2.3+cu12", "2026.1rc1", ""])
SHA256 = st.integers(0, 2**256 - 1).map("{:064x}".format)


@st.composite
def packages(draw: st.DrawFn) -> UniversalPackage:
    name, version = draw(NAMES), draw(VERSIONS)
    endings = ["py3-none-any.whl", "1-cp311-cp311-win_amd64.whl"]
    stems = [f"{name.replace('-', '_')}-{version}-", f"{name.title()}-{version}-"]
    files = [
        LockedFile(
            filename=draw(st.sampled_from(stems)) + ending,
            sha256=draw(SHA256),
            size=draw(st.none() | st.integers(0, 10**12)),
        )
        for ending in draw(st.lists(st.sampled_from(endings), max_size=3))
    ]
    if draw(st.booleans()):
        sdist = f"{name}-{version}.tar.gz"
        files.append(LockedFile(filename=sdist, sha256=draw(SHA256), kind="sdist"))
    return UniversalPackage(
        name=name,
        version=version,
        marker=draw(st.sampled_from([None, "sys_platform == 'win32' and extra != 'x'"])),
        files=tuple(files),
        source=draw(st.sampled_from([None, {"vcs": {"type": "git", "commit-id": "ab\tc"}}])),
    )


@given(st.lists(packages(), max_size=5))
def test_a_lock_is_read_as_it_was_written(made: list[UniversalPackage]) -> None:
    lock = UniversalLock(requires_python=">=3.10", packages=tuple(made))
    assert read_lock(write_lock(lock)) == lock


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1"),
        ("six==1.0\n", "line 1"),
        ("# mlenv lock 1, Python >=3.10\nsix\n", "line 2"),
        ("# mlenv lock 1, Python >=3.10\n\nsix==1\t~x.whl abc 1\n", "line 3"),
        (f"# mlenv lock 1, Python >=3.10\nsix==1\t../x.whl {'a' * 64} 1\n", "line 2"),
        (f"# mlenv lock 1, Python >=3.10\nsix==1\t~x.whl {'a' * 64} big\n", "line 2"),
        ("# mlenv lock 1, Python >=3.10\nsix==1\t@{\n", "line 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, where: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_lock(text)
    assert caught.value.where == where
