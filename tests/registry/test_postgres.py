"""The registry in a real PostgreSQL: the same answers, several writers, commits that are heard."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, Unavailable
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.backup import back_up
from mlenv_jupyter.registry.notices import NoticeWatch
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.search import is_index
from mlenv_jupyter.registry.verify import verify_registry
from mlenv_jupyter.workspace import Workspace

from .postgres import postgres, postgres_server  # noqa: F401 - fixtures

pytestmark = pytest.mark.postgres

WRITER = """
import sys
from pathlib import Path
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.registry.registry import Registry

registry = Registry(Path(sys.argv[1]), sys.argv[2])
for number in range(25):
    made = Definition.create(variables={"WHO": sys.argv[3], "NUMBER": str(number)})
    registry.versions.register("shared", made)
"""


def test_the_schema_is_that_of_the_migrations(tmp_path: Path, postgres: str) -> None:  # noqa: F811
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    registry = Registry(tmp_path, postgres)
    with registry.database.engine.connect() as connection:
        options = {
            "version_table": tables.SCHEMA,
            "include_name": lambda name, kind, _: name is None or not is_index(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        index = "SELECT indexdef FROM pg_indexes WHERE indexname = 'environments_search'"
        assert "gin_trgm_ops" in connection.exec_driver_sql(index).scalar_one()
    registry.close()


def test_the_same_answers(tmp_path: Path, postgres: str) -> None:  # noqa: F811
    workspace = Workspace(home=str(tmp_path), database=postgres)
    for package in ("six", "polars"):
        workspace.register("churn", Definition.create(requirements=[package]))
    workspace.register("other", Definition.create(), description="100% sure")
    life = workspace.lifecycle
    life.label("churn", "prod", "1")
    assert life.roll_back("churn", "1").labels == ("latest", "prod")
    for query, found in (
        ("polars", []),
        ("six", ["churn"]),
        ("0% s", ["other"]),
        ("pro", ["churn"]),
    ):
        assert [one.name for one in workspace.environments(query).items] == found, query
    with pytest.raises(Conflict):
        life.archive("churn", "1")
    life.archive("churn", "2")
    life.describe("churn", tags={"team": "a"})
    assert [one.action for one in life.history("churn").items][:3] == [
        "described",
        "archived",
        "rolled-back",
    ]
    page = workspace.environments(limit=1)
    (other,) = workspace.environments(limit=1, cursor=page.next).items
    assert {page.items[0].name, other.name} == {"churn", "other"}
    assert verify_registry(workspace.registry.database) == []
    workspace.delete("churn")
    assert [one.name for one in workspace.environments().items] == ["other"]
    with pytest.raises(Unavailable, match="not a file"):
        back_up(workspace.registry.database, tmp_path / "backup")
    workspace.close()


def test_four_processes_write_at_once(tmp_path: Path, postgres: str) -> None:  # noqa: F811
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / who), postgres, who])
        for who in "abcd"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    registry = Registry(tmp_path, postgres)
    versions = registry.versions.all("shared")
    assert [one.number for one in versions] == list(range(100, 0, -1))
    seqs = [one.seq for one in registry.changes.after(0)]
    assert seqs == sorted(seqs)
    registry.close()


def test_a_commit_is_heard(tmp_path: Path, postgres: str) -> None:  # noqa: F811
    registry = Registry(tmp_path, postgres)
    registry.versions.register("churn", Definition.create())
    watch = NoticeWatch(postgres)
    seen = watch.version()
    assert watch.version() == seen
    registry.versions.register("later", Definition.create())
    until = time.monotonic() + 10
    while watch.version() == seen:
        assert time.monotonic() < until
    assert watch.version() >> 32 == seen >> 32
    watch.close()
    assert watch.version() != seen  # a new connection may have missed something
    watch.close()
    registry.close()


def test_the_shell_and_a_build_use_it(
    postgres: str,  # noqa: F811
    homes: Path,
    monkeypatch: pytest.MonkeyPatch,
    wheelhouse: Callable[..., Path],
) -> None:
    monkeypatch.setenv("MLENV_DATABASE", postgres)
    place = wheelhouse("thing", "1.0")

    def mlenv(*words: str) -> str:
        argv = [sys.executable, "-m", "mlenv_jupyter.cli", *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    mlenv("new", "churn", "-p", "thing", "--find-links", str(place), "--index-url", place.as_uri())
    mlenv("build", "churn")
    assert json.loads(mlenv("show", "churn", "--json"))["state"] == "ready"
    assert mlenv("exec", "churn", "--", "python", "-c", "print(1)") == "1\n"
    assert mlenv("verify") == "All is whole.\n"
    assert not (homes / "registry.sqlite").exists()
    for spec in homes.glob("builds/*/spec.json"):
        assert "postgresql" not in spec.read_text()


def test_an_address_in_a_file_is_kept_from_others(tmp_path: Path) -> None:
    from mlenv_jupyter.core.errors import InvalidRequest

    file = tmp_path / "database"
    file.write_text("postgresql://me:secret@127.0.0.1:1/x\n")
    file.chmod(0o644)
    with pytest.raises(InvalidRequest, match="read by others"):
        _ = Workspace(home=str(tmp_path)).database
    file.chmod(0o600)
    workspace = Workspace(home=str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        workspace.environments()
    assert "secret" not in str(caught.value)
