"""The registry: versions are written once, numbered without gaps, and found again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound, StoreDamaged, Unavailable
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.registry import CommitWatch, Registry
from mlenv_jupyter.registry.search import is_index
from mlenv_jupyter.workspace import Workspace

WRITER = """
import sys
from pathlib import Path
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.registry.registry import Registry

registry = Registry(Path(sys.argv[1]))
for number in range(50):
    made = Definition.create(variables={"WHO": sys.argv[2], "NUMBER": str(number)})
    registry.versions.register("shared", made)
"""


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry of this test's own."""
    return Registry(tmp_path)


def definition(*requirements: str) -> Definition:
    return Definition.create(requirements=requirements)


def test_the_same_again_is_the_version_that_there_is(registry: Registry) -> None:
    first, made = registry.versions.register("churn", definition("numpy", "six"))
    assert (first.version, made) == ("1", True)
    second, made = registry.versions.register("churn", definition("six", "NumPy"))
    assert (second, made) == (first, False)
    third, _ = registry.versions.register("churn", definition("numpy"))
    assert third.version == "2"
    again, made = registry.versions.register("churn", definition("numpy", "six"))
    assert (again.version, made) == ("1", False)
    assert registry.environments.get("churn").latest.version == "2"
    assert [one.version for one in registry.versions.all("churn")] == ["2", "1"]


def test_four_processes_register_two_hundred_versions(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)])
        for number in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    registry = Registry(tmp_path)
    versions = registry.versions.all("shared")
    assert [one.number for one in versions] == list(range(200, 0, -1))
    assert len({one.definition_id for one in versions}) == 200
    environment = registry.environments.get("shared")
    assert (environment.version_count, environment.latest.version) == (200, "200")


def test_new_means_new(registry: Registry) -> None:
    registry.versions.register("churn", definition("numpy"), new=True)
    with pytest.raises(Conflict) as caught:
        registry.versions.register("churn", definition("six"), new=True)
    assert caught.value.where == "name"
    assert len(registry.versions.all("churn")) == 1


def test_what_is_not_there_says_what_is(registry: Registry) -> None:
    with pytest.raises(NotFound, match="mlenv list"):
        registry.versions.get("nope")
    registry.versions.register("churn", definition())
    with pytest.raises(NotFound, match="newest is 1"):
        registry.versions.get("churn", "7")


def test_pages_have_everything_once(registry: Registry) -> None:
    for number in range(25):
        registry.versions.register(f"env{number}", definition())
    seen: list[str] = []
    cursor = None
    while True:
        page = registry.environments.page(limit=10, cursor=cursor)
        assert page.total == 25
        seen += [row.name for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"env{number}" for number in range(25))
    assert len(seen) == 25
    with pytest.raises(InvalidRequest):
        registry.environments.page(cursor="1;drop")


def test_search_looks_at_names_descriptions_tags_and_packages(registry: Registry) -> None:
    add = registry.versions.register
    add("churn", definition("polars"), description="Weekly retrain", tags={"team": "Growth"})
    add("other", definition("pandas"))
    for query in ("chu", "POLARS", "weekly", "growth", "polars churn"):
        assert [row.name for row in registry.environments.page(query).rows] == ["churn"], query
    for query in ("100%", "_", "polars pandas", "'"):
        assert registry.environments.page(query).rows == (), query


def test_a_deleted_environment_is_gone_and_its_name_is_free(registry: Registry) -> None:
    registry.versions.register("churn", definition("numpy"))
    registry.environments.delete("churn")
    with pytest.raises(NotFound):
        registry.environments.get("churn")
    assert registry.versions.register("churn", definition("six"))[0].version == "1"


def test_migrations_make_the_tables(registry: Registry) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with registry.database.engine.connect() as connection:
        options = {
            "version_table": tables.SCHEMA,
            "include_name": lambda name, kind, _: kind != "table" or not is_index(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == tables.HEAD


def test_a_registry_from_the_future_is_not_touched(registry: Registry, tmp_path: Path) -> None:
    with registry.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE {tables.SCHEMA} SET version_num = '9999'")
    registry.close()
    with pytest.raises(Unavailable, match="newer mlenv"):
        Registry(tmp_path).environments.page()


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"not a database, " * 100)
    with pytest.raises(StoreDamaged, match="backup"):
        Registry(tmp_path).environments.page()


def test_other_processes_see_a_commit(registry: Registry, tmp_path: Path) -> None:
    watch = CommitWatch(tmp_path / "registry.sqlite")
    assert watch.version() == 0
    registry.versions.register("churn", definition())
    before = watch.version()
    assert watch.version() == before
    seq = registry.changes.newest()
    registry.versions.register("churn", definition("six"))
    assert watch.version() != before
    (change,) = registry.changes.after(seq)
    assert (change.kind, change.action, change.name, change.version) == (
        "environment",
        "changed",
        "churn",
        "2",
    )
    watch.close()


READ = """
import resource
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.workspace import Workspace

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file grows, as on a full disk
it = Workspace.from_config()
print([one.name for one in it.environments().items if not one.read_only])
try:
    it.register("other", Definition.create(requirements=["six"]))
except MlenvError as error:
    print(error.problem().code)
print(len(it.collection.collect()), it.version("demo").version)
"""


def test_on_a_full_disk_the_registry_is_read(workspace: Workspace) -> None:
    """SQLite has no room for the memory that its connections share: `mlenv gc` must go on."""
    workspace.register("demo", Definition.create(requirements=["six"]))
    workspace.close()
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["['demo']", "io_error", "0 1"], done.stderr
    assert workspace.register("other", Definition.create(requirements=["six"]))[1]
