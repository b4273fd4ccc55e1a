"""Every schema that there was, with data in it, becomes the one that there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.migrations import upgrade
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.verify import verify_registry

DATA = (Path(__file__).parent.parent / "data" / "registries").glob("*.sql")


@pytest.mark.parametrize("dump", sorted(DATA), ids=lambda path: path.stem)
def test_an_older_registry_keeps_what_is_in_it(tmp_path: Path, dump: Path) -> None:
    import sqlite3

    old = sqlite3.connect(tmp_path / "registry.sqlite")
    old.executescript(dump.read_text())
    old.close()
    registry = Registry(tmp_path)
    assert [row.name for row in registry.environments.page().rows] == ["churn", "other"]
    versions = registry.versions.all("churn")
    assert [(one.version, one.message) for one in versions] == [("2", "more"), ("1", "first")]
    assert versions[1].lock_id == 1
    assert versions[0].definition == Definition.create("3.11", ["numpy", "six"])
    assert [one.action for one in registry.history.page("churn").entries] == ["registered"] * 2
    assert [row.name for row in registry.environments.page("pandas").rows] == ["other"]
    assert registry.versions.register("churn", Definition.create())[0].version == "3"
    registry.labels.set("churn", "prod", "1")
    assert verify_registry(registry.database) == []


def test_there_is_data_of_the_first_schema() -> None:
    place = Path(__file__).parent.parent / "data" / "registries"
    assert (place / "0001.sql").exists()


def test_a_migration_that_fails_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlenv_jupyter.registry import checksums

    engine = create_engine(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    upgrade(engine, "0001")

    def breaks(name: str, row: object) -> str:
        raise ZeroDivisionError

    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO locks (digest, python, packages, created_at) VALUES ('a', '3.11', '', '')"
        )
    monkeypatch.setattr(checksums, "checksum", breaks)
    with pytest.raises(ZeroDivisionError):
        upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(_revision()) == "0001"
        columns = connection.exec_driver_sql("PRAGMA table_info(versions)").all()
    assert "checksum" not in [column[1] for column in columns]
    monkeypatch.undo()
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(_revision()) == tables.HEAD


def _revision() -> object:
    from sqlalchemy import select

    return select(tables.revision)
