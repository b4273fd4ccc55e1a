"""The curated environments: those of mlenv, and a team's own directory beside them."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidName, NotFound
from mlenv_jupyter.core.universal import select
from mlenv_jupyter.doctor import examine
from mlenv_jupyter.registry.catalogue import PLACE, Catalogue, Curated, contents
from mlenv_jupyter.workspace import Workspace

SHIPPED = Catalogue().newest()
GLYPHS = re.findall(
    r"^  '?([a-z-]+)'?: \[", Path("src/icons.tsx").read_text(encoding="utf-8"), re.MULTILINE
)


def platforms() -> dict[str, tuple[list[str], dict[str, str]]]:
    """The wheel platforms of three machines, and their markers."""
    linux = [f"manylinux_2_{minor}_x86_64" for minor in range(35, 4, -1)]
    linux += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    return {
        "linux": (
            linux,
            {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
        ),
        # rasterio's newest wheels are for macOS 15.
        "macos": (
            list(mac_platforms((15, 0), "arm64")),
            {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
        ),
        "windows": (
            ["win_amd64"],
            {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"},
        ),
    }


def machine(platform: str, minor: int) -> tuple[dict[str, str], list[Tag]]:
    wheels, markers = platforms()[platform]
    version, nodot = (3, minor), f"cp3{minor}"
    tags = [*cpython_tags(version, [nodot], wheels), *compatible_tags(version, nodot, wheels)]
    full = {
        **markers,
        "os_name": "nt" if platform == "windows" else "posix",
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.1",
        "implementation_name": "cpython",
        "implementation_version": f"3.{minor}.1",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
    }
    return full, tags


def write(place: Path, name: str, **fields: Any) -> Path:
    place.mkdir(exist_ok=True)
    made = {"name": name, "version": "1", "definition": {}, **fields}
    path = place / f"{name}.json"
    path.write_text(json.dumps(made))
    return path


@pytest.fixture
def team(homes: Path) -> Path:
    homes.mkdir()
    place = homes / "catalogue"
    write(place, "acme-forecast", description="Ours", definition={"python": "3.11"})
    return place


def test_there_are_twelve_each_with_a_description_an_icon_and_a_lock() -> None:
    assert len(SHIPPED) >= 12
    for one in SHIPPED:
        assert one.name.startswith("mlenv-")
        assert len(one.description) > 20
        assert one.tags["topic"]
        assert one.icon in GLYPHS
        assert one.lock() is not None
    assert len({one.icon for one in SHIPPED}) == len(SHIPPED)
    assert Catalogue().look().problems == ()


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda one: one.name)
def test_every_lock_fits_linux_macos_and_windows(entry: Curated) -> None:
    lock = entry.lock()
    assert lock is not None
    for platform in platforms():
        for minor in (10, 11, 12, 13):
            markers, tags = machine(platform, minor)
            chosen = select(lock, markers, tags)
            names = {one.package.name for one in chosen}
            assert set(entry.definition.wanted) <= names, (platform, minor)
            # Only wheels: no code of a package runs while it is installed.
            assert {one.file.kind for one in chosen} == {"wheel"}


@pytest.mark.parametrize("path", sorted(PLACE.glob("*.lock")), ids=lambda one: one.name)
def test_no_lock_has_an_address_in_it(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert all(len(line) > 70 for line in text.splitlines()[1:])


def test_a_file_is_written_as_it_is_read() -> None:
    for one in SHIPPED:
        assert contents(one) == (PLACE / one.file).read_text()


def test_the_aliases_of_azure_ml(workspace: Workspace) -> None:
    assert workspace.environment("AzureML-Tutorial").name == "mlenv-tutorial"


def test_the_prefix_of_mlenv_is_refused(workspace: Workspace) -> None:
    for name in ("mlenv-mine", "MLENV-minimal"):
        with pytest.raises(InvalidName, match="curated"):
            workspace.register(name, Definition())


def test_a_team_s_directory_is_read_and_read_only(workspace: Workspace, team: Path) -> None:
    one = workspace.environment("acme-forecast")
    assert (one.source, one.read_only, one.description) == ("catalogue", True, "Ours")
    assert workspace.catalogue()[-1].name == "acme-forecast"
    assert workspace.version("acme-forecast").python == "3.11"
    with pytest.raises(Conflict, match="curated"):
        workspace.delete("acme-forecast")
    with pytest.raises(Conflict, match="catalogue"):
        workspace.register("acme-forecast", Definition())


def test_directories_are_configured(homes: Path, tmp_path: Path) -> None:
    write(tmp_path / "more", "acme-vision")
    workspace = Workspace.from_config(catalogue_directories=[str(tmp_path / "more")])
    assert "acme-vision" in [one.name for one in workspace.catalogue()]
    workspace.close()


def test_what_a_user_registered_stays_theirs(workspace: Workspace, team: Path) -> None:
    workspace.register("churn", Definition.create(requirements=["six"]))
    write(team, "churn", description="the team's")
    assert workspace.environment("churn").source == "registry"
    assert "churn" not in [one.name for one in workspace.catalogue()]
    workspace.register("churn", Definition.create(requirements=["attrs"]))
    check = next(one for one in examine(workspace) if one.name == "catalogue")
    assert "1 hidden" in check.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ('{"name": "broken", "version": 1}', "cannot be read"),
        ('{"name": "other", "version": "1", "definition": {}}', "The name in it is 'other'"),
        ('{"name": "../x", "version": "1", "definition": {}}', "cannot be the name"),
        ('{"name": "mlenv-x", "version": "1", "definition": {}}', "curated"),
        (
            '{"name": "broken", "version": "1", "definition": {"python": "two"}}',
            "definition.python: 'two' is not a Python version.",
        ),
        ("\xff", "cannot be read"),
    ],
)
def test_a_broken_file_is_reported_and_not_fatal(
    workspace: Workspace, team: Path, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    (team / "broken.json").write_bytes(text.encode("latin-1"))
    with caplog.at_level(logging.WARNING):
        names = [one.name for one in workspace.catalogue()]
    assert "acme-forecast" in names
    assert len(names) == len(SHIPPED) + 1
    (problem,) = workspace.registry.catalogue.look().problems
    assert problem.code == "broken_catalogue"
    assert said in problem.message
    assert problem.where == str(team / "broken.json")
    # In the log once, not each time that somebody looks.
    assert [said in one.getMessage() for one in caplog.records] == [True]
    check = next(one for one in examine(workspace) if one.name == "catalogue")
    assert not check.ok
    assert said in check.message


def test_a_file_that_is_mended_is_seen(workspace: Workspace, team: Path) -> None:
    (team / "late.json").write_text("{")
    assert len(workspace.registry.catalogue.look().problems) == 1
    write(team, "late")
    assert workspace.registry.catalogue.look().problems == ()
    assert workspace.environment("late").name == "late"


def test_older_versions_stay(workspace: Workspace, team: Path) -> None:
    (team / "acme-forecast.json").rename(team / "acme-forecast@1.json")
    write(team, "acme-forecast", version="2", definition={"python": "3.12"})
    assert [one.version for one in workspace.versions("acme-forecast")] == ["2", "1"]
    assert workspace.version("acme-forecast").python == "3.12"
    assert workspace.version("acme-forecast", "1").python == "3.11"
    with pytest.raises(NotFound, match="newest is 2"):
        workspace.version("acme-forecast", "3")


def test_the_same_name_in_two_directories(homes: Path, team: Path, tmp_path: Path) -> None:
    write(tmp_path / "more", "acme-forecast", description="another")
    shelf = Catalogue([team, tmp_path / "more"]).look()
    assert shelf.versions["acme-forecast"][0].description == "Ours"
    assert "too" in shelf.problems[0].message


def test_each_version_of_one_definition_has_its_own_lock(workspace: Workspace, team: Path) -> None:
    lock = SHIPPED[0].lock()
    assert lock is not None
    from mlenv_jupyter.core.lockfile import write_lock

    for stem, version, count in (("acme-forecast@1", "1", 1), ("acme-forecast", "2", 2)):
        data = {"name": "acme-forecast", "version": version, "definition": {"python": "3.11"}}
        (team / f"{stem}.json").write_text(json.dumps(data))
        cut = msgspec.structs.replace(lock, packages=lock.packages[:count])
        (team / f"{stem}.lock").write_text(write_lock(cut))
    found = {}
    for version in ("1", "2"):
        row = workspace.registry.find("acme-forecast", version)
        lock_id = workspace.registry.lock_of_curated(row, "3.11")
        assert lock_id is not None
        found[version] = len(workspace.registry.locks.get(lock_id).lock.packages)  # type: ignore[union-attr]
        assert workspace.registry.find("acme-forecast", version).lock_id == lock_id
    assert found == {"1": 1, "2": 2}
