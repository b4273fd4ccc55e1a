"""What a notebook remembers: whole, small, portable, and nothing of it believed unseen."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core import identity, stamp, trust
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, MlenvError
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage

COMMIT = "a" * 40


def locks(*names: str, commit: str | None = None) -> tuple[UniversalLock, Lock]:
    packages, here = [], []
    for number, name in enumerate(names):
        sha256 = f"{number:064x}"
        marker = "sys_platform == 'win32'" if name.startswith("win") else None
        file = LockedFile(filename=f"{name}-1.0-py3-none-any.whl", sha256=sha256, size=1)
        packages.append(UniversalPackage(name=name, version="1.0", marker=marker, files=(file,)))
        if marker is None:
            here.append(
                LockedPackage(name=name, version="1.0", sha256=sha256, filename=file.filename)
            )
    if commit:
        source = {"vcs": {"type": "git", "url": "https://h/x", "commit-id": commit}}
        packages.append(UniversalPackage(name="x", version="2", source=source))
        here.append(LockedPackage(name="x", version="2", sha256=commit, filename=f"x@{commit}"))
    lock = Lock(python="3.11.7", implementation="cpython", platform="p", packages=tuple(here))
    return UniversalLock(requires_python=">=3.11", packages=tuple(packages)), lock


def made(definition: Definition, *names: str, commit: str | None = None) -> stamp.Stamp:
    universal, lock = locks(*names, commit=commit)
    return stamp.make(
        name="churn", version="3", definition=definition, universal=universal, lock=lock
    )


def through_json(one: stamp.Stamp) -> stamp.Stamp:
    again = stamp.read({"mlenv": json.loads(json.dumps(stamp.to_metadata(one)))})
    assert again is not None
    return again


def test_a_stamp_survives_a_notebook_and_gives_the_same_lock_again() -> None:
    definition = Definition.create("3.11", ["a", "x @ git+https://h/x@main"])
    one = through_json(made(definition, "a", "b", "winonly", commit=COMMIT))
    assert one.lock is not None
    universal, lock = stamp.locks_of(one.lock, definition)
    assert identity.lock_digest(lock) == one.lock_digest
    assert {p.name: p.marker for p in universal.packages}["winonly"] == 'sys_platform == "win32"'
    assert universal.packages[-1].source == {
        "vcs": {"type": "git", "url": "https://h/x", "commit-id": COMMIT}
    }
    assert trust.contradiction(one) is None


def test_it_is_small_and_has_no_address_secret_or_path() -> None:
    definition = Definition.create(
        "3.11",
        ["a", "b @ file:///home/me/b.whl"],
        index_url="https://me:${secret:packages}@h/simple",
        find_links=["/home/me/wheels"],
        variables={"DB": "${secret:churn/db}"},
    )
    one = made(definition, *(f"package-{i}" for i in range(90)))
    text = json.dumps(stamp.to_metadata(one))
    assert "/home/me" not in text
    assert ".whl" not in text
    assert one.left_out == ("pip.find_links", "pip.requirements")
    assert stamp.size_of(one) < stamp.LIMIT


def test_nothing_remembered_is_nothing() -> None:
    assert stamp.read({}) is None
    assert stamp.read(None) is None


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*stamp.Stamp.__struct_fields__, "x"]), JSON) | JSON)
def test_whatever_stands_there_is_read_or_refused(raw: Any) -> None:
    with contextlib.suppress(MlenvError):
        one = stamp.read({"mlenv": raw})
        if one is not None:
            trust.contradiction(one)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "newer mlenv"),
        ({"name": "../x"}, "cannot be read"),
        ({"definition_id": "abc"}, "no digest"),
        ({"lock_file": "../secrets"}, "no name of a file"),
        ({"lock": {"python": "3"}}, "cannot be read"),
    ],
)
def test_a_stamp_that_is_wrong_says_why(change: dict[str, Any], words: str) -> None:
    raw = {**stamp.to_metadata(made(Definition.create("3.11", ["a"]), "a")), **change}
    with pytest.raises(InvalidRequest, match=words):
        stamp.read({"mlenv": raw})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"definition": {"python": "3.11", "pip": {"requirements": ["evil"]}}}, "id"),
        ({"definition": {"python": "x"}}, "wrong"),
    ],
)
def test_a_definition_that_is_not_that_of_its_id(change: dict[str, Any], words: str) -> None:
    raw = {**stamp.to_metadata(made(Definition.create("3.11", ["a"]), "a")), **change}
    one = stamp.read({"mlenv": raw})
    assert one is not None
    assert words in (trust.contradiction(one) or "")


def test_a_lock_that_is_not_that_of_the_definition() -> None:
    definition = Definition.create("3.11", ["a>=2"])
    assert "is wanted" in (trust.contradiction(made(definition, "a")) or "")
    assert "not locked" in (trust.contradiction(made(definition, "b")) or "")


def test_what_is_foreign_wants_its_own_tick() -> None:
    definition = Definition.create(
        "3.11",
        ["a", "x @ git+https://h/x", "y @ https://h/y.whl"],
        index_url="https://evil/simple",
        find_links=["https://evil/links"],
        no_binary=["a"],
        variables={
            "LD_PRELOAD": "/x.so",
            "PYTHONSTARTUP": "x",
            "UV_INDEX_URL": "x",
            "TEAM": "growth",
            "DB": "${secret:mine}",
        },
    )
    assert [one.kind for one in trust.foreign(definition)] == [
        *("index", "links", "vcs", "url", "source"),
        *("variable", "variable", "variable"),
    ]
    one = made(definition, "a")
    bare = trust.definition_of(one)
    assert bare.variables == {"TEAM": "growth"}
    assert bare.pip.index_url is None
    assert bare.pip.find_links == ()
    assert [two.kind for two in trust.refused(definition, frozenset())] == ["vcs", "url"]
    everything = frozenset(two.id for two in trust.foreign(definition))
    assert trust.definition_of(one, everything).pip.index_url == "https://evil/simple"
    assert "LD_PRELOAD" in trust.definition_of(one, everything).variables
    assert trust.unbound(definition) == ("DB",)
    assert "DB" not in trust.definition_of(one, everything).variables
    assert trust.refused(definition, everything) == ()
