"""Backup and restore: whole or not at all, while others use it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound, Unavailable
from mlenv_jupyter.registry.backup import back_up, restore
from mlenv_jupyter.registry.registry import CommitWatch, Registry
from mlenv_jupyter.registry.verify import verify_registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry with one environment."""
    made = Registry(tmp_path / "home")
    made.versions.register("churn", Definition.create(requirements=["numpy"]))
    return made


def names(registry: Registry) -> list[str]:
    return sorted(row.name for row in registry.environments.page().rows)


def test_there_and_back(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    assert back_up(registry.database, file) > 0
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(Conflict, match="already"):
        back_up(registry.database, file)
    back_up(registry.database, file, replace=True)
    registry.versions.register("later", Definition.create())
    registry.environments.delete("churn")
    other = Registry(tmp_path / "home")  # as another process has it open
    watch = CommitWatch(tmp_path / "home" / "registry.sqlite")
    seen, last = watch.version(), other.changes.newest()
    restore(registry.database, file, tmp_path / "kept.sqlite")
    assert names(registry) == names(other) == ["churn"]
    assert [row.name for row in other.environments.page("numpy").rows] == ["churn"]
    assert watch.version() != seen
    (told,) = other.changes.after(last)
    assert told.kind == "environment"
    watch.close()
    assert verify_registry(registry.database) == []
    restore(registry.database, tmp_path / "kept.sqlite", tmp_path / "again.sqlite")
    assert names(registry) == ["later"]


def test_a_backup_is_whole_while_others_write(registry: Registry, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(100):
            if done.is_set():
                return
            registry.versions.register(f"env{number}", Definition.create())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            back_up(registry.database, tmp_path / f"{number}.sqlite")
    finally:
        done.set()
        writer.join()
    for number in range(5):
        place = tmp_path / f"home{number}"
        other = Registry(place)
        restore(other.database, tmp_path / f"{number}.sqlite", place / "kept.sqlite")
        assert verify_registry(other.database) == []
        assert "churn" in [row.name for row in other.environments.page(limit=500).rows]


def test_what_is_no_backup_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    good = tmp_path / "good.sqlite"
    back_up(registry.database, good)
    empty, text, cut = (tmp_path / one for one in ("empty", "text", "cut"))
    empty.touch()
    text.write_text("not a database " * 100)
    data = bytearray(good.read_bytes())
    data[3 * 4096 : 12 * 4096] = b"\xff" * (9 * 4096)
    cut.write_bytes(data)
    for bad in (empty, text, cut):
        with pytest.raises(InvalidRequest):
            restore(registry.database, bad, tmp_path / "kept")
        assert names(registry) == ["churn"]
        assert not (tmp_path / "kept").exists()
    with pytest.raises(NotFound):
        restore(registry.database, tmp_path / "nowhere", tmp_path / "kept")
    with pytest.raises(Unavailable):
        back_up(registry.database, tmp_path / "no" / "such" / "place")


def test_a_damaged_registry_is_restored_and_kept(registry: Registry, tmp_path: Path) -> None:
    back_up(registry.database, tmp_path / "backup.sqlite")
    registry.close()
    path = tmp_path / "home" / "registry.sqlite"
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    path.write_bytes(b"not a database, " * 100)
    registry = Registry(tmp_path / "home")
    restore(registry.database, tmp_path / "backup.sqlite", tmp_path / "kept.sqlite")
    assert names(registry) == ["churn"]
    assert (tmp_path / "kept.sqlite").read_bytes().startswith(b"not a database")


def test_a_row_that_was_changed_by_hand_is_found(registry: Registry) -> None:
    with registry.database.write() as connection:
        connection.exec_driver_sql("UPDATE versions SET definition = replace(definition, 'n', 'm')")
    (found,) = [
        one for one in verify_registry(registry.database, repair=True) if one.where != "churn"
    ]
    assert (found.where, found.repaired) == ("churn:1", False)


def test_what_follows_from_the_rows_is_mended(registry: Registry) -> None:
    with registry.database.write() as connection:
        connection.exec_driver_sql("UPDATE environments SET latest_id = 77, search = 'x'")
    (found,) = verify_registry(registry.database)
    assert (found.where, found.repaired) == ("churn", False)
    (found,) = verify_registry(registry.database, repair=True)
    assert found.repaired
    assert verify_registry(registry.database) == []
    assert [row.name for row in registry.environments.page("numpy").rows] == ["churn"]
