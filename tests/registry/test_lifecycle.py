"""Labels, history, roll back, archive: what becomes of versions that never change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidName, InvalidRequest, NotFound
from mlenv_jupyter.core.universal import UniversalLock, UniversalPackage
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.workspace import Workspace

MOVER = """
import sys
from pathlib import Path
from mlenv_jupyter.registry.registry import Registry

registry = Registry(Path(sys.argv[1]))
for number in range(40):
    registry.labels.set("churn", "prod", str(number % 3 + 1), author=sys.argv[2])
"""


@pytest.fixture
def three(workspace: Workspace) -> Workspace:
    """A workspace with three versions of ``churn``."""
    for package in ("six", "numpy", "pandas"):
        workspace.register("churn", Definition.create(requirements=[package]), message=package)
    return workspace


def lock(*packages: str) -> UniversalLock:
    made = tuple(UniversalPackage(name=one, version="1") for one in packages)
    return UniversalLock(requires_python=">=3.11", packages=made)


def latest(workspace: Workspace) -> str:
    return workspace.version("churn").version


def test_a_label_means_a_version_until_it_is_moved(three: Workspace) -> None:
    life = three.lifecycle
    assert life.label("churn", "prod", "1").labels == {"latest": "3", "prod": "1"}
    assert three.version("churn", "prod").version == "1"
    assert three.version("churn", "prod").labels == ("prod",)
    assert life.label("churn", "prod").labels["prod"] == "3"
    assert three.version("churn").labels == ("latest", "prod")
    with pytest.raises(Conflict, match="means 3 by now"):
        life.label("churn", "prod", "2", expected="1")
    life.label("churn", "prod", "2", expected="3", author="ann", message="better")
    (_, label) = life.labels("churn")
    assert (label.label, label.version, label.author) == ("prod", "2", "ann")
    life.unlabel("churn", "prod")
    with pytest.raises(NotFound):
        three.version("churn", "prod")
    with pytest.raises(NotFound):
        life.unlabel("churn", "prod")


@pytest.mark.parametrize("label", ["latest", "LATEST", "3", "v3", "", "a b", "../x", "x" * 65])
def test_latest_and_what_looks_like_a_version_are_no_labels(three: Workspace, label: str) -> None:
    with pytest.raises(InvalidName) as caught:
        three.lifecycle.label("churn", label, "1")
    assert caught.value.where == "label"


def test_a_reader_never_sees_a_label_half_moved(three: Workspace, homes: Path) -> None:
    three.lifecycle.label("churn", "prod", "1")
    movers = [
        subprocess.Popen([sys.executable, "-c", MOVER, str(homes), who]) for who in ("ann", "bob")
    ]
    while any(mover.poll() is None for mover in movers):
        assert three.version("churn", "prod").version in ("1", "2", "3")
    assert [mover.wait() for mover in movers] == [0, 0]
    moves = [
        one
        for one in reversed(three.lifecycle.history("churn", limit=500).items)
        if one.action == "labelled"
    ]
    assert [one.before for one in moves[1:]] == [one.version for one in moves[:-1]]


def test_history_says_who_when_and_why_in_pages(three: Workspace) -> None:
    life = three.lifecycle
    life.label("churn", "prod", "2", author="ann", message="it works")
    life.describe("churn", description="Who leaves", tags={"team": "a"}, author="bob")
    seen = []
    cursor = None
    while True:
        page = life.history("churn", limit=2, cursor=cursor)
        assert page.total == 5
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert [(one.action, one.version) for one in seen] == [
        ("described", None),
        ("labelled", "2"),
        ("registered", "3"),
        ("registered", "2"),
        ("registered", "1"),
    ]
    assert (seen[1].author, seen[1].message, seen[1].label) == ("ann", "it works", "prod")
    assert seen[2].message == "pandas"
    assert seen[2].author
    with pytest.raises(InvalidRequest):
        life.history("churn", cursor="x")
    with pytest.raises(NotFound):
        life.history("nobody")


def test_rolling_back_makes_no_version_and_ends_with_the_next(three: Workspace) -> None:
    life = three.lifecycle
    assert life.roll_back("churn").version == "2"
    assert latest(three) == "2"
    assert life.roll_back("churn", "1").labels == ("latest",)
    assert [one.version for one in three.versions("churn")] == ["3", "2", "1"]
    with pytest.raises(Conflict, match="no version before"):
        life.roll_back("churn")
    assert three.environments(query="six").items[0].latest.version == "1"
    assert three.environments(query="pandas").items == ()
    made, _ = three.register("churn", Definition.create(requirements=["polars"]))
    assert made.version == "4"
    assert latest(three) == "4"
    again = life.history("churn").items[1]
    assert (again.action, again.version, again.before) == ("rolled-back", "1", "2")


def test_an_archived_version_is_out_of_sight_and_not_gone(three: Workspace) -> None:
    life = three.lifecycle
    life.archive("churn", "3", message="leaks memory")
    assert [one.version for one in three.versions("churn")] == ["2", "1"]
    assert [one.version for one in three.versions("churn", archived=True)] == ["3", "2", "1"]
    assert latest(three) == "2"
    assert three.environment("churn").version_count == 2
    assert three.version("churn", "3").archived_at
    with pytest.raises(Conflict, match="archived") as caught:
        three.register("churn", Definition.create(requirements=["pandas"]))
    assert caught.value.remedy == "Restore it: `mlenv restore churn:3`."
    for refused in (
        lambda: life.label("churn", "prod", "3"),
        lambda: life.roll_back("churn", "3"),
        lambda: three.install_kernel("churn", "3"),
    ):
        with pytest.raises(Conflict, match="archived"):
            refused()
    life.restore("churn", "3")
    assert latest(three) == "3"
    life.label("churn", "prod", "1")
    with pytest.raises(Conflict, match="'prod' means it"):
        life.archive("churn", "1")


def test_latest_stays_where_it_was_rolled_back_to(three: Workspace) -> None:
    life = three.lifecycle
    life.roll_back("churn", "1")
    life.archive("churn", "3")
    life.restore("churn", "3")
    assert latest(three) == "1"
    life.archive("churn", "1")
    assert latest(three) == "3"


def test_the_last_version_is_archived_with_its_environment_only(workspace: Workspace) -> None:
    workspace.register("churn", Definition.create())
    with pytest.raises(Conflict, match="no other version"):
        workspace.lifecycle.archive("churn", "1")
    with pytest.raises(Conflict, match="no other version"):
        workspace.lifecycle.delete_version("churn", "1")


def test_an_archived_environment_is_hidden_unless_asked_for(three: Workspace) -> None:
    life = three.lifecycle
    assert life.archive("churn").archived_at
    assert three.environments().items == ()
    assert three.environments().total == 0
    assert [one.name for one in three.environments(archived=True).items] == ["churn"]
    assert three.version("churn").version == "3"
    for new in (True, False):
        with pytest.raises(Conflict, match="is archived"):
            three.register("churn", Definition.create(), new=new)
    assert life.restore("churn").archived_at is None
    assert [one.name for one in three.environments().items] == ["churn"]


def test_a_deleted_version_gives_its_number_to_nobody(three: Workspace) -> None:
    three.lifecycle.delete_version("churn", "3")
    assert latest(three) == "2"
    made, created = three.register("churn", Definition.create(requirements=["pandas"]))
    assert (made.version, created) == ("4", True)
    assert three.lifecycle.history("churn").items[1].action == "deleted"
    three.lifecycle.label("churn", "prod", "1")
    with pytest.raises(Conflict, match="cannot be deleted"):
        three.lifecycle.delete_version("churn", "1")
    with pytest.raises(NotFound):
        three.lifecycle.delete_version("churn", "3")


def test_description_and_tags_are_edited_in_place(three: Workspace) -> None:
    life = three.lifecycle
    changed = life.describe("churn", description="Who leaves", tags={"team": "growth"})
    assert (changed.description, changed.tags) == ("Who leaves", {"team": "growth"})
    assert life.describe("churn", tags={}).description == "Who leaves"
    assert three.version("churn", "1").description == "Who leaves"
    assert [one.name for one in three.environments(query="leaves").items] == ["churn"]
    assert three.environments(query="growth").items == ()
    assert three.environment("churn").version_count == 3
    for tags in ({"": "x"}, {"a": "x" * 1001}, {str(n): "" for n in range(101)}):
        with pytest.raises(InvalidRequest):
            life.describe("churn", tags=tags)


def test_curated_environments_are_read_only(workspace: Workspace) -> None:
    life = workspace.lifecycle
    for refused in (
        lambda: life.archive("mlenv-minimal"),
        lambda: life.label("mlenv-minimal", "prod"),
        lambda: life.describe("mlenv-minimal", description="mine"),
        lambda: life.refresh("mlenv-minimal"),
    ):
        with pytest.raises(Conflict, match="curated"):
            refused()
    assert [one.label for one in life.labels("mlenv-minimal")] == ["latest"]
    assert life.history("mlenv-minimal").total == 1


def test_a_version_is_a_definition_with_its_lock(three: Workspace) -> None:
    registry: Registry = three.registry
    row = registry.find("churn", "1")
    first = registry.locks.add(row.digest, "3.11", lock("six"), {})
    registry.versions.set_lock(row.id, first)
    other = registry.locks.add_another(row.digest, "3.11", lock("six", "zlib-ng"), {})
    assert other != first
    assert registry.locks.add_another(row.digest, "3.11", lock("six"), {}) == first
    made, created = registry.versions.refresh("churn", "1", other)
    assert (made.version, created) == ("4", True)
    assert made.definition_id == row.definition_id
    again, created = registry.versions.refresh("churn", "1", other)
    assert (again.version, created) == ("4", False)
    assert registry.versions.refresh("churn", "4", first)[0].version == "1"
    assert [one.name for one in three.environments(query="zlib").items] == ["churn"]
    # The same definition again is its newest version; an edit of an older one keeps its lock.
    same, created = three.register("churn", Definition.create(requirements=["six"]))
    assert (same.version, created) == ("4", False)
    edited = Definition.create(requirements=["six"], variables={"A": "b"})
    three.register("churn", edited, base="1")
    assert registry.find("churn", "5").lock_id == first
    edited = Definition.create(requirements=["six"], variables={"A": "c"})
    three.register("churn", edited)
    assert registry.find("churn", "6").lock_id == first
