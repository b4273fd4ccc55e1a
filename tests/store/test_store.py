"""The store: whole or not there, read-only, and back after a crash in the middle."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from mlenv_jupyter.core.errors import InvalidRequest, StoreDamaged, Unavailable
from mlenv_jupyter.store.beside import aside, beside
from mlenv_jupyter.store.places import Places, record_of
from mlenv_jupyter.store.store import Record, Store

RECORD = Record(lock_digest="a" * 64, python="3.11.7", site_packages="lib", packages=())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store of this test's own."""
    return Store(Places(tmp_path / "home", tmp_path / "store"))


@pytest.fixture
def place(store: Store) -> Path:
    """Where a prefix would be."""
    return store.places.prefix("a" * 64)


def fill(place: Path, text: str = "one") -> None:
    (place / "lib").mkdir(parents=True)
    (place / "lib" / "a.py").write_text(text)


def test_a_committed_place_is_there_and_read_only(store: Store, place: Path) -> None:
    with store.making(place) as ours:
        assert ours
        fill(place)
        assert store.record(place) is None
        store.commit(place, RECORD)
    found = store.record(place)
    assert found is not None
    assert (found.files, found.size) == (1, 3)
    for one in (place, place / "lib", place / "lib" / "a.py"):
        assert not stat.S_IMODE(one.stat().st_mode) & 0o222
    with store.making(place) as ours:
        assert not ours


def test_what_is_not_committed_is_not_kept(store: Store, place: Path) -> None:
    with pytest.raises(RuntimeError), store.making(place):
        fill(place)
        raise RuntimeError
    assert not place.exists()
    # A crash runs no cleaning up: the next one does.
    fill(place)
    with store.making(place) as ours:
        assert ours
        assert not place.exists()


def test_replacing_leaves_the_old_one_alone_until_the_new_one_is_whole(
    store: Store, place: Path
) -> None:
    with store.making(place):
        fill(place, "old")
        store.commit(place, RECORD)
    with pytest.raises(RuntimeError), store.making(place, replace=True) as made:
        assert made is not None
        assert made != place
        fill(made, "half")
        raise RuntimeError
    assert (place / "lib" / "a.py").read_text() == "old"
    assert store.record(place) is not None
    with store.making(place, replace=True) as made:
        assert made is not None
        fill(made, f"new in {made}")
        assert (place / "lib" / "a.py").read_text() == "old"
        assert store.record(place) is not None
        record = store.commit(made, replace(RECORD, activation={"HERE": (str(made),)}))
    assert (place / "lib" / "a.py").read_text() == f"new in {place}"
    assert record.activation == {"HERE": (str(place),)}
    assert store.record(place) == record
    assert names(place.parent) == {place.name, f"{place.name}.json", f"{place.name}.lock"}


@pytest.mark.parametrize("step", ["half made beside", "changing in steps", "changed in steps"])
def test_a_crash_while_replacing_loses_nothing(store: Store, place: Path, step: str) -> None:
    with store.making(place):
        fill(place, "old")
        store.commit(place, RECORD)
    if step == "half made beside":
        fill(beside(place), "half")
    else:
        place.rename(aside(place))
    if step == "changed in steps":
        fill(place, "old")
    assert store.discard(place)
    assert (place / "lib" / "a.py").read_text() == "old"
    assert store.record(place) is not None
    assert names(place.parent) == {place.name, f"{place.name}.json", f"{place.name}.lock"}


def test_a_record_that_cannot_be_written_brings_the_old_one_back(
    store: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.making(place):
        fill(place, "old")
        store.commit(place, RECORD)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError), store.making(place, replace=True) as made:
        assert made is not None
        fill(made, "new")
        monkeypatch.setattr("mlenv_jupyter.store.store.write_atomically", full)
        store.commit(made, RECORD)
    assert (place / "lib" / "a.py").read_text() == "old"
    assert store.record(place) is not None


def test_what_was_left_without_a_lock_is_removed(store: Store, place: Path) -> None:
    fill(place)
    fill(beside(place))
    assert store.discard(beside(place))
    assert not place.exists()
    assert not beside(place).exists()


def names(top: Path) -> set[str]:
    return {one.name for one in top.iterdir()}


def test_the_checksum_sees_names_content_links_and_modes(store: Store, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    fill(tree)
    seen = {store.checksum(tree)}
    (tree / "lib" / "a.py").write_text("two")
    seen.add(store.checksum(tree))
    (tree / "lib" / "b").symlink_to("a.py")
    seen.add(store.checksum(tree))
    (tree / "lib" / "a.py").chmod(0o755)
    seen.add(store.checksum(tree))
    assert len(seen) == 4
    assert store.checksum(tree) in seen


def test_a_damaged_record_is_said_and_can_be_replaced(store: Store, place: Path) -> None:
    fill(place)
    record_of(place).write_text("{")
    with pytest.raises(StoreDamaged, match="--force"):
        store.record(place)
    with store.making(place, replace=True) as ours:
        assert ours


def test_no_path_comes_from_what_a_user_typed(store: Store) -> None:
    with pytest.raises(InvalidRequest):
        store.places.prefix("../" + "a" * 61)


def test_too_little_space_is_said_before_the_work(store: Store) -> None:
    with pytest.raises(Unavailable, match="MLENV_STORE") as caught:
        store.require_space(1 << 60)
    assert caught.value.code == "disk_full"
