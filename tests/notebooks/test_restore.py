"""From an author's home to a reader's: the notebook is all that goes from one to the other."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from mlenv_jupyter.core import stamp as stamps
from mlenv_jupyter.core import trust
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound
from mlenv_jupyter.notebooks import files
from mlenv_jupyter.workspace import Workspace

Built = Callable[..., Any]


def notebook_at(path: Path, *sources: str) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources])
    nbformat.write(made, path)
    return path


def mlenv(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "mlenv_jupyter.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def reader(tmp_path: Path, shared_cache: Path) -> tuple[Workspace, dict[str, str]]:
    """A second home, as on another machine."""
    home, store = tmp_path / "reader", tmp_path / "reader_store"
    store.mkdir()
    for name in ("uv", "bytecode"):
        (store / name).symlink_to(shared_cache / name)
    environment = {
        "MLENV_HOME": str(home),
        "MLENV_STORE": str(store),
        "JUPYTER_DATA_DIR": str(tmp_path / "reader_jupyter"),
    }
    return Workspace(home=str(home), store_directory=str(store)), environment


@pytest.fixture
def stamped(workspace: Workspace, built: Built, tmp_path: Path) -> Path:
    """A notebook that its author stamped after building."""
    built("churn", "six==1.16.0", "idna<3.8", variables={"TEAM": "growth"})
    path = notebook_at(
        tmp_path / "a.ipynb", "import six, os; print(six.__version__, os.environ['TEAM'])"
    )
    assert mlenv("notebook", "stamp", str(path), "-n", "churn").returncode == 0
    return path


def stamp_in(path: Path) -> Any:
    found = files.get_stamp(files.load(path), path)
    assert found is not None
    return found


@pytest.mark.network
def test_the_reader_gets_the_same_packages_and_only_after_saying_so(
    workspace: Workspace, stamped: Path, reader: tuple[Workspace, dict[str, str]]
) -> None:
    nbformat.validate(nbformat.read(stamped, as_version=4))
    there, environment = reader
    stamp = stamp_in(stamped)
    plan = there.notebooks.plan(stamp)
    assert (plan.state, plan.packages) == ("buildable", 2)
    assert [one.id for one in plan.ticks] == [trust.SOURCES]
    # Looking has made nothing.
    assert there.environments().items == ()
    assert there.builds() == ()

    refused = mlenv("notebook", "run", str(stamped), **environment)
    assert refused.returncode == 4
    assert "--trust" in refused.stderr
    assert there.builds() == ()

    ran = mlenv("notebook", "run", str(stamped), "--trust", **environment)
    assert ran.returncode == 0, ran.stderr
    assert "1.16.0 growth" in ran.stdout
    version = there.version("churn")
    assert version.lock_digest == workspace.version("churn").lock_digest
    assert version.lock_digest == stamp.lock_digest
    assert there.notebooks.plan(stamp).state == "ready"
    cell = nbformat.read(stamped, as_version=4).cells[0]
    assert cell.metadata["mlenv"] == {"ran": "churn v1"}


def test_a_refusal_names_what_is_foreign(workspace: Workspace, tmp_path: Path) -> None:
    variables = {"LD_PRELOAD": "/tmp/x.so", "TEAM": "growth"}
    definition = Definition.create(requirements=["six"], variables=variables)
    stamp = stamps.make(name="theirs", version="1", definition=definition)
    path = notebook_at(tmp_path / "a.ipynb", "1")
    content = files.load(path)
    files.put_stamp(content, stamp, path)
    files.save(path, content)
    refused = mlenv("notebook", "run", str(path))
    assert refused.returncode == 4
    assert "LD_PRELOAD=/tmp/x.so" in refused.stderr
    assert "TEAM" not in refused.stderr
    assert workspace.environments().items == ()


@pytest.mark.network
def test_a_lock_of_another_platform_keeps_its_versions(
    stamped: Path, reader: tuple[Workspace, dict[str, str]]
) -> None:
    there, _ = reader
    raw = nbformat.read(stamped, as_version=4)
    raw.metadata.mlenv.lock.platform = "plan9-mips"
    raw.metadata.mlenv.lock.hashes = {"six": raw.metadata.mlenv.lock.hashes["six"]}
    nbformat.write(raw, stamped)
    stamp = stamp_in(stamped)
    assert there.notebooks.plan(stamp).state == "other-platform"
    row = there.notebooks.restore(stamp)
    build = there.wait(there.build(row.name, row.version).id, 120)
    assert build.error is None
    packages = {one.name: one.version for one in there.version(row.name).packages or ()}
    assert packages["six"] == "1.16.0"
    assert packages == {line.split("==")[0]: line.split("==")[1] for line in stamp.lock.packages}


def test_what_the_author_chose_wants_a_tick(workspace: Workspace, tmp_path: Path) -> None:
    wanted = Definition.create(
        "3.11",
        ["x @ git+https://127.0.0.1:9/x"],
        index_url="https://127.0.0.1:9/simple",
        variables={"LD_PRELOAD": "/evil.so", "TEAM": "growth"},
    )
    author = Workspace(home=str(tmp_path / "author"))
    author.register("theirs", wanted)
    stamp = author.notebooks.stamp_of("theirs")
    author.close()
    plan = workspace.notebooks.plan(stamp)
    assert plan.state == "unlocked"
    assert [one.kind for one in plan.ticks] == ["index", "vcs", "variable", "source"]
    with pytest.raises(Conflict, match="chosen by somebody else"):
        workspace.notebooks.restore(stamp)
    assert workspace.environments().items == ()
    row = workspace.notebooks.restore(stamp, ticked=[plan.ticks[1].id])
    assert row.definition.pip.index_url is None
    assert row.definition.variables == {"TEAM": "growth"}
    # The second time nothing is asked: that very environment is here.
    again = workspace.notebooks.plan(stamp)
    assert (again.state, again.here_name, again.trusted) == ("registered", "theirs", True)


def test_looking_asks_no_network_and_starts_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Definition.create("3.11", ["six"], index_url="https://127.0.0.1:9/simple")
    author = Workspace(home=str(tmp_path / "author"))
    author.register("theirs", wanted)
    stamp = author.notebooks.stamp_of("theirs")
    author.close()
    workspace.environments()  # the registry is there

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("looking at a notebook reached outside")

    for reach in ("socket.socket.connect", "subprocess.Popen.__init__", "os.posix_spawn"):
        monkeypatch.setattr(reach, refuse)
    assert workspace.notebooks.plan(stamp).state == "unlocked"
    assert (workspace.environments().items, workspace.builds()) == ((), ())


@pytest.fixture
def quarry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that has a source alone, in a place of the reader's own; the file says it ran."""
    links, ran = tmp_path / "links", tmp_path / "ran"
    links.mkdir()
    metadata = "Metadata-Version: 2.1\nName: mlenv-quarry\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    backend = f"""
import pathlib, zipfile
def build_wheel(directory, settings=None, metadata=None):
    pathlib.Path({str(ran)!r}).touch()
    name = "mlenv_quarry-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as wheel:
        wheel.writestr("mlenv_quarry.py", "")
        for name_, text in (("METADATA", {metadata!r}), ("WHEEL", {wheel!r}), ("RECORD", "")):
            wheel.writestr("mlenv_quarry-1.0.dist-info/" + name_, text)
    return name
"""
    files = {
        "PKG-INFO": metadata.replace("2.1", "1.0"),
        "backend.py": backend,
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
        'backend-path = ["."]\n',
    }
    with tarfile.open(links / "mlenv_quarry-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"mlenv_quarry-1.0/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    return ran


@pytest.mark.parametrize("locked", [False, True])
def test_a_source_is_not_run_before_it_is_ticked(
    workspace: Workspace, tmp_path: Path, quarry: Path, *, locked: bool
) -> None:
    author = Workspace(home=str(tmp_path / "author"))
    author.register("theirs", Definition.create(requirements=["mlenv-quarry"]))
    if locked:
        assert author.wait(author.build("theirs").id, 120).error is None
        quarry.unlink()
    stamp = author.notebooks.stamp_of("theirs")
    author.close()
    row = workspace.notebooks.restore(stamp)
    failed = workspace.wait(workspace.build(row.name, row.version).id, 120)
    assert failed.error is not None
    assert failed.error.code == "needs_source", failed.error
    assert not quarry.exists(), "code of the package was run"
    # Nor where the notebook is run, which finds the version registered by now.
    path = notebook_at(tmp_path / "theirs.ipynb", "1")
    content = files.load(path)
    files.put_stamp(content, stamp, path)
    files.save(path, content)
    assert mlenv("notebook", "run", str(path)).returncode == 1
    assert not quarry.exists(), "code of the package was run"
    # It says so, the reader ticks it, and the next attempt is another matter.
    (tick,) = workspace.notebooks.plan(stamp).ticks
    assert tick.kind == "source"
    assert workspace.notebooks.restore(stamp, ticked=[tick.id]) == row
    assert workspace.wait(workspace.build(row.name, row.version).id, 120).error is None
    assert quarry.exists()
    assert workspace.notebooks.plan(stamp).ticks == ()


def test_looking_for_newer_packages_runs_no_source_either(
    workspace: Workspace, tmp_path: Path, quarry: Path, wheelhouse: Callable[..., Path]
) -> None:
    links, source = tmp_path / "links", tmp_path / "mlenv_quarry-1.0.tar.gz"
    (links / source.name).rename(source)
    for version in ("0.8", "0.9"):
        name = f"mlenv_quarry-{version}-py3-none-any.whl"
        (wheelhouse("mlenv-quarry", version) / name).rename(links / name)
        if version == "0.8":
            author = Workspace(home=str(tmp_path / "author"))
            author.register("theirs", Definition.create(requirements=["mlenv-quarry"]))
            assert author.wait(author.build("theirs").id, 120).error is None
            stamp = author.notebooks.stamp_of("theirs")
            author.close()
    row = workspace.notebooks.restore(stamp)
    source.rename(links / source.name)

    found = workspace.lifecycle.refresh(row.name, row.version)
    assert not quarry.exists(), "code of the package was run"
    assert [(one.before, one.after) for one in found.changes] == [("0.8", "0.9")]
    # What came of it is no more trusted than what it came of.
    after = workspace.registry.find(row.name, found.version.version)
    assert workspace.notebooks.to_build(after).pip.only_binary == (":all:",)
    assert not workspace.lifecycle.refresh(row.name, after.version).created
    assert not quarry.exists()


@pytest.mark.network
def test_what_has_this_very_lock_comes_before_what_has_none_yet(
    workspace: Workspace, built: Built, tmp_path: Path
) -> None:
    for wanted in ("idna", "six==1.16.0"):
        workspace.register("before", Definition.create(requirements=[wanted]))
    built("churn", "six==1.16.0")
    path = notebook_at(tmp_path / "a.ipynb", "1")
    assert mlenv("notebook", "stamp", str(path), "-n", "churn").returncode == 0
    workspace.delete("churn")
    built("mine", "six==1.16.0")
    plan = workspace.notebooks.plan(stamp_in(path))
    assert (plan.state, plan.here_name) == ("ready", "mine")


def test_what_a_reader_makes_of_the_same_name_is_the_readers(workspace: Workspace) -> None:
    theirs = stamps.make(name="n", version="1", definition=Definition.create("3.11", ["six"]))
    restored = workspace.notebooks.restore(theirs)
    assert workspace.notebooks.to_build(restored).pip.only_binary == (":all:",)
    workspace.delete("n")
    workspace.register("n", Definition.create("3.11", ["idna"]))
    own = workspace.registry.find("n")
    assert own.version == restored.version
    assert workspace.notebooks.to_build(own) == own.definition


def test_each_rule_of_trust() -> None:
    foreign = Definition.create(
        "3.11",
        ["six"],
        extra_index_urls=["https://127.0.0.1:9/a", "https://127.0.0.1:9/b"],
        find_links=["https://127.0.0.1:9/links"],
        no_binary=["six"],
        conda_packages=["zlib"],
        conda_channels=["conda-forge", "somebodys"],
        variables={
            "PATH": "/evil",
            "PYTHONSTARTUP": "/evil.py",
            "BASH_ENV": "/evil.sh",
            "PIP_INDEX_URL": "https://127.0.0.1:9",
            "TOKEN": "${secret:theirs}",
            "TEAM": "x",
        },
    )
    stamp = stamps.make(name="theirs", version="1", definition=foreign)
    ticks = {one.id for one in trust.foreign(foreign)}
    assert ticks == {
        *("index:https://127.0.0.1:9/a", "index:https://127.0.0.1:9/b"),
        *("links:https://127.0.0.1:9/links", "source:six", "index:somebodys"),
        *("variable:PATH", "variable:PYTHONSTARTUP", "variable:BASH_ENV"),
        "variable:PIP_INDEX_URL",
    }
    plain = trust.definition_of(stamp)
    assert plain.variables == {"TEAM": "x"}
    assert plain.conda.channels == ("conda-forge",)
    assert (plain.pip.extra_index_urls, plain.pip.find_links, plain.pip.no_binary) == ((), (), ())
    assert trust.unbound(foreign) == ("TOKEN",)
    whole = trust.definition_of(stamp, frozenset(ticks))
    assert whole.pip == foreign.pip
    assert whole.conda == foreign.conda
    assert "TOKEN" not in whole.variables
    one = trust.definition_of(stamp, frozenset(["index:https://127.0.0.1:9/b", "variable:PATH"]))
    assert one.pip.extra_index_urls == ("https://127.0.0.1:9/b",)
    assert one.variables == {"TEAM": "x", "PATH": "/evil"}


def test_a_version_keeps_what_it_is_called(workspace: Workspace) -> None:
    for version in ("3", "Autosave_2021-03-20T17:38:44Z_adda0f97", "9" * 30, "latest"):
        name = f"theirs-{len(version)}"
        wanted = Definition.create("3.11", ["six"], variables={"N": version})
        stamp = stamps.make(name=name, version=version, definition=wanted)
        row = workspace.notebooks.restore(stamp)
        assert (row.name, row.version) == (name, version if version[0] in "3A" else "1")


def test_a_name_that_is_taken_stays_its_owners(workspace: Workspace, tmp_path: Path) -> None:
    workspace.register("churn", Definition.create("3.11", ["numpy"]))
    author = Workspace(home=str(tmp_path / "author"))
    author.register("churn", Definition.create("3.11", ["six"]))
    row = workspace.notebooks.restore(author.notebooks.stamp_of("churn"))
    author.close()
    assert row.name.startswith("churn-")
    assert len(workspace.versions("churn")) == 1


def test_a_followed_label_that_moved_is_offered(workspace: Workspace) -> None:
    workspace.register("churn", Definition.create("3.11", ["six"]))
    workspace.registry.labels.set("churn", "prod", "1")
    stamp = workspace.notebooks.stamp_of("churn", "prod", follows="prod")
    assert workspace.notebooks.plan(stamp).moved_to is None
    workspace.register("churn", Definition.create("3.11", ["six", "idna"]))
    workspace.registry.labels.set("churn", "prod", "2")
    assert workspace.notebooks.plan(stamp).moved_to == "2"


def test_a_stamp_by_a_label_follows_it(workspace: Workspace, tmp_path: Path) -> None:
    workspace.register("churn", Definition.create("3.11", ["six"]))
    workspace.registry.labels.set("churn", "prod", "1")
    path = notebook_at(tmp_path / "a.ipynb", "1")
    for reference, follows in (("churn:prod", "prod"), ("churn:1", None), ("churn", None)):
        assert mlenv("notebook", "stamp", str(path), "-n", reference).returncode == 0
        assert (stamp_in(path).version, stamp_in(path).follows) == ("1", follows)


def test_a_long_lock_stands_beside_the_notebook(workspace: Workspace, tmp_path: Path) -> None:
    lock = stamps.StampedLock(
        python="3.11.7",
        platform="p",
        packages=tuple(f"package-{i}==1.0" for i in range(400)),
        hashes={f"package-{i}": "A" * 43 + "=" for i in range(400)},
    )
    wanted = Definition.create("3.11", ["package-1"])
    made = stamps.make(name="big", version="1", definition=wanted)
    made = stamps.msgspec.structs.replace(made, lock=lock)
    path = notebook_at(tmp_path / "b.ipynb", "1")
    content = files.load(path)
    assert files.put_stamp(content, made, path)
    files.save(path, content)
    assert path.stat().st_size < stamps.LIMIT
    assert stamp_in(path).lock == lock
    assert not files.put_stamp(content, made, path)
    files.lock_file_of(path).unlink()
    assert stamp_in(path).lock is None


def test_check_names_what_is_wrong_with_each(
    workspace: Workspace, tmp_path: Path, reader: tuple[Workspace, dict[str, str]]
) -> None:
    place = tmp_path / "notebooks"
    place.mkdir()
    notebook_at(place / "plain.ipynb", "1")
    (place / "broken.ipynb").write_text("{")
    workspace.register("churn", Definition.create("3.11", ["six"]))
    path = notebook_at(place / "here.ipynb", "1")
    assert mlenv("notebook", "stamp", str(path), "-n", "churn").returncode == 0
    found = mlenv("notebook", "check", str(place), "--json")
    kinds = {Path(one["path"]).name: one["finding"] for one in json.loads(found.stdout)["items"]}
    assert kinds == {
        "plain.ipynb": "unstamped",
        "broken.ipynb": "unreadable",
        "here.ipynb": "not-built",
    }
    assert found.returncode == 1
    elsewhere = mlenv("notebook", "check", str(path), "--json", **reader[1])
    assert json.loads(elsewhere.stdout)["items"][0]["finding"] == "missing"


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        files.load(tmp_path / "no.ipynb")
    (tmp_path / "x.ipynb").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRequest):
        files.load(tmp_path / "x.ipynb")
    with pytest.raises(NotFound):
        files.below(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ('{"cells": [', "it is no JSON (Expecting value: line 1"),
        ("null", "it is JSON of another kind"),
        ("[" * 100_000, "it is nested too deep"),
        ('{"cells": [], "metadata": [], "nbformat": 4}', "its metadata are missing"),
        ('{"cells": [1], "metadata": {}, "nbformat": 4}', "its cells are no list of objects"),
        ('{"cells": [], "metadata": {}, "nbformat": 9}', "Unsupported nbformat version 9"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_plain_words(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=re.escape(f"is not a notebook: {why}")):
        files.load(path)


def test_half_of_an_emoji_stays_what_it_was(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 'HERE'")]), path)
    path.write_text(path.read_text().replace("HERE", "\\ud83d"))
    notebook = files.load(path)
    workspace.register("demo", Definition.create("3.11", ["six"]))
    assert files.put_stamp(notebook, workspace.notebooks.stamp_of("demo", None), path)
    files.save(path, notebook)
    assert "x = '\\ud83d'" in path.read_text(encoding="utf-8")
    assert files.load(path).cells[0].source == "x = '\ud83d'"


@pytest.mark.network
def test_parameters_go_in_as_papermill_puts_them(
    workspace: Workspace, stamped: Path, tmp_path: Path
) -> None:
    content = files.load(stamped)
    content.cells[0].source = "alpha = 1; name = 'x'"
    content.cells[0].metadata["tags"] = ["parameters"]
    content.cells.append(nbformat.v4.new_code_cell("print(alpha + 1, name)"))
    files.save(stamped, content)
    out = tmp_path / "out.ipynb"
    ran = mlenv(
        *("notebook", "run", str(stamped), "-o", str(out), "-p", "alpha", "41", "-p", "name", "y")
    )
    assert ran.returncode == 0, ran.stderr
    assert "42 y" in ran.stdout
    tags = [one.metadata.get("tags") for one in nbformat.read(out, as_version=4).cells]
    assert tags == [["parameters"], ["injected-parameters"], None]
    failing = files.load(stamped)
    failing.cells[-1].source = "1 / 0"
    files.save(stamped, failing)
    failed = mlenv("notebook", "run", str(stamped))
    assert failed.returncode == 1
    assert "ZeroDivisionError" in failed.stderr
