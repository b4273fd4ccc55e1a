"""The shelf: what a second prefix of the same wheels is made of, and what it must not share."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.core.build import Build
from mlenv_jupyter.store.places import record_of
from mlenv_jupyter.workspace import Workspace

pytestmark = pytest.mark.network
Built = Callable[..., Any]


def make_wheel(place: Path, name: str, files: dict[str, str], scripts: dict[str, str]) -> None:
    """A wheel with data files, programs and whatever else is given."""
    module = name.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    entry_points = "".join(f"{command} = {target}\n" for command, target in scripts.items())
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{entry_points}",
    }
    rows = []
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        rows.append(f'"{path}",sha256={digest.decode()},{len(text.encode())}')
    contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(place / f"{module}-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in contents.items():
            wheel.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), text)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Two wheels that share a namespace and one file, with programs, data and a ``.pth``."""
    place = tmp_path / "house"
    place.mkdir()
    says = "import sys\ndef main():\n    print('left', sys.prefix)\n"
    make_wheel(
        place,
        "mlenv-left",
        {
            "mlenv_space/left/__init__.py": says,
            "mlenv_space/both.py": "SAME = 1\n",
            "mlenv_left.pth": "import os; os.environ['MLENV_LEFT'] = 'here'\n",
            "mlenv_space/odd, name/é.txt": "odd",
            "mlenv_left-1.0.data/data/share/jupyter/left.json": "{}",
            "mlenv_left-1.0.data/data/etc/left/left.conf": "a = 1\n",
            "mlenv_left-1.0.data/scripts/left-script": "#!python\nimport sys; print(sys.prefix)\n",
            "mlenv_left-1.0.data/scripts/left-shell": "#!/bin/sh\necho shell\n",
        },
        {"left-says": "mlenv_space.left:main"},
    )
    make_wheel(
        place,
        "mlenv-right",
        {"mlenv_space/right/deep/__init__.py": "R = 2\n", "mlenv_space/both.py": "SAME = 1\n"},
        {},
    )
    return place


@pytest.fixture
def own_shelf(workspace: Workspace, built: Built) -> Path:
    """A shelf that a test may damage: its own, but for what kernel layers are made of."""
    built("warm", "six")
    shared = workspace.places.shelf.resolve()
    workspace.places.shelf.unlink()
    workspace.places.shelf.mkdir()
    for one in shared.glob("*-layer"):
        (workspace.places.shelf / one.name).symlink_to(one)
    return workspace.places.shelf


def again(workspace: Workspace, name: str) -> Build:
    """Lose the prefix, and build it from what is kept."""
    digest = workspace.version(name).lock_digest
    workspace.store.remove(workspace.places.prefix(digest))
    build = workspace.wait(workspace.build(name).id, 60)
    assert build.state == "succeeded", build.error
    return build


def contents(prefix: Path) -> dict[str, tuple[int, bytes]]:
    """Every file: its mode and its bytes."""
    found = {}
    for place, _, files in os.walk(prefix):
        for name in files:
            path = Path(place, name)
            if not path.is_symlink():
                relative = path.relative_to(prefix).as_posix()
                found[relative] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    return found


def test_a_prefix_from_the_shelf_is_what_uv_makes(
    workspace: Workspace, built: Built, house: Path
) -> None:
    version, first = built("both", "mlenv-left", "mlenv-right", "six", find_links=[str(house)])
    assert first.state == "succeeded", first.error
    prefix = workspace.places.prefix(version.lock_digest)
    by_uv, record = contents(prefix), workspace.store.record(prefix)
    build = again(workspace, "both")
    assert contents(prefix) == by_uv
    found = workspace.store.record(prefix)
    assert record is not None
    assert found is not None
    assert (found.files, found.size, found.packages) == (
        record.files,
        record.size,
        record.packages,
    )
    for place, directories, files in os.walk(prefix):
        for name in [*directories, *files, "."]:
            path = os.path.join(place, name)
            assert os.path.islink(path) or not os.stat(path).st_mode & 0o222, path
    texts = [one.x for one in read_records(workspace.log_path(build.id))]
    assert " + six==1.17.0" in texts
    assert not any("Installed" in text for text in texts)  # uv was not asked


def test_programs_data_namespaces_and_records_are_the_prefix_s_own(
    workspace: Workspace, built: Built, house: Path
) -> None:
    built("one", "mlenv-left", find_links=[str(house)])
    version, build = built("two", "mlenv-left", "mlenv-right", "pip", find_links=[str(house)])
    assert build.state == "succeeded", build.error
    prefix = workspace.places.prefix(version.lock_digest)
    binaries = prefix / "bin"

    def said(*argv: str) -> str:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert said(str(binaries / "left-says")) == f"left {prefix}"
    assert said(str(binaries / "left-script")) == str(prefix)
    assert said(str(binaries / "left-shell")) == "shell"
    python = str(binaries / "python")
    code = (
        "import os, mlenv_space.left, mlenv_space.right.deep as d, importlib.metadata as m;"
        "print(os.environ['MLENV_LEFT'], d.R, m.version('mlenv-left'), mlenv_space.left.__cached__)"
    )
    assert said(python, "-c", code).startswith(f"here 2 1.0 {prefix}")
    assert (prefix / "share/jupyter/left.json").read_text() == "{}"
    assert (prefix / "etc/left/left.conf").stat().st_nlink >= 2
    assert "left-says" in said(python, "-m", "pip", "show", "-f", "mlenv-left")
    assert said(python, "-m", "pip", "check") == "No broken requirements found."
    (info,) = prefix.glob("lib/python3*/site-packages/mlenv_left-1.0.dist-info")
    for line in (info / "RECORD").read_text().splitlines():
        if "left-says" in line or "odd, name" in line:
            path, digest, size = line.rsplit(",", 2)
            data = (info.parent / path.strip('"')).read_bytes()
            assert len(data) == int(size)
            value = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert digest == f"sha256={value}"


def test_a_new_package_beside_known_ones_takes_only_that(
    workspace: Workspace, built: Built, house: Path, own_shelf: Path
) -> None:
    built("one", "mlenv-left", find_links=[str(house)])
    (left,) = own_shelf.glob("*/*/files/mlenv_space/left")
    mark = left.stat().st_ino
    _, build = built("two", "mlenv-left", "mlenv-right", find_links=[str(house)])
    texts = [one.x for one in read_records(workspace.log_path(build.id))]
    assert any(text.startswith("Installed 1 package") for text in texts)
    progress = [one.d for one in read_records(workspace.log_path(build.id)) if one.k == "progress"]
    assert [one["done"] for one in progress] == sorted(one["done"] for one in progress)
    assert progress[-1]["done"] == progress[-1]["total"] == 2
    assert left.stat().st_ino == mark


def test_a_shelf_that_lost_files_is_filled_again(
    workspace: Workspace, built: Built, house: Path, own_shelf: Path
) -> None:
    version, _ = built("one", "mlenv-left", find_links=[str(house)])
    prefix = workspace.places.prefix(version.lock_digest)
    before = contents(prefix)
    (entry,) = own_shelf.glob("cpython-*[!r]/*/files/mlenv_space/left")
    entry.chmod(0o700)
    shutil.rmtree(entry)
    again(workspace, "one")
    assert contents(prefix) == before
    assert (entry / "__init__.py").exists()


def test_without_the_cache_the_shelf_is_not_believed(
    workspace: Workspace, built: Built, house: Path, own_shelf: Path
) -> None:
    version, _ = built("one", "mlenv-left", find_links=[str(house)])
    prefix = workspace.places.prefix(version.lock_digest)
    before = contents(prefix)
    (kept,) = own_shelf.glob("cpython-*[!r]/*/files/mlenv_space/left/__init__.py")
    kept.chmod(0o600)
    kept.write_text("broken")
    kept.chmod(0o444)
    assert contents(prefix) != before  # hard links: the damage is in every prefix
    done = workspace.wait(workspace.build("one", force=True, cache=False).id, 60)
    assert done.state == "succeeded", done.error
    assert contents(prefix) == before
    assert kept.read_text() != "broken"


def test_one_file_from_an_index_and_by_its_address(
    workspace: Workspace, built: Built, house: Path
) -> None:
    wheel = (house / "mlenv_right-1.0-py3-none-any.whl").as_uri()
    addressed, _ = built("addressed", f"mlenv-right @ {wheel}")
    found, _ = built("found", "mlenv-right", "six", find_links=[str(house)])
    for version, expected in ((addressed, 1), (found, 0)):
        prefix = workspace.places.prefix(version.lock_digest)
        assert len(list(prefix.rglob("direct_url.json"))) == expected


def test_removing_the_shelf_harms_no_prefix(
    workspace: Workspace, built: Built, house: Path, own_shelf: Path
) -> None:
    version, _ = built("one", "mlenv-left", find_links=[str(house)])
    again(workspace, "one")
    prefix = workspace.places.prefix(version.lock_digest)
    before = contents(prefix)
    from mlenv_jupyter.store.trees import remove_tree

    remove_tree(own_shelf)
    assert contents(prefix) == before
    again(workspace, "one")
    assert contents(prefix) == before


def test_what_one_prefix_loses_no_other_does(workspace: Workspace, built: Built) -> None:
    """Root can harm a prefix; never the others, nor what is still to be built."""
    one, _ = built("one", "attrs")
    two, _ = built("two", "attrs", "six")
    harmed, whole = (workspace.places.prefix(version.lock_digest) for version in (one, two))
    before = workspace.store.checksum(whole)
    for place, _, _ in os.walk(harmed):
        os.chmod(place, 0o700)
    argv = [find_uv(), "pip", "uninstall", "--python", str(harmed / "bin" / "python"), "attrs"]
    subprocess.run(argv, check=True)
    assert not list(harmed.glob("lib/*/site-packages/attr/__init__.py"))
    assert workspace.store.checksum(whole) == before
    version, build = built("three", "attrs", "six", "idna")
    assert build.state == "succeeded", build.error
    code = [str(workspace.places.prefix(version.lock_digest) / "bin" / "python"), "-c"]
    subprocess.run([*code, "import attr, six; attr.s"], check=True)


def test_interpreters_are_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlenv_jupyter.builds import python as pythons

    def never(executable: str) -> None:
        raise AssertionError(f"{executable} was asked")

    first = pythons.installed(tmp_path)
    assert sys.version_info[:2] in [tuple(map(int, one.minor.split("."))) for one in first]
    monkeypatch.setattr(pythons, "_query", never)
    assert pythons.installed(tmp_path) == first
    known = json.loads((tmp_path / pythons.KNOWN).read_bytes())
    for one in known.values():
        one["stamp"] = "another"
    (tmp_path / pythons.KNOWN).write_text(json.dumps(known))
    with pytest.raises(AssertionError, match="was asked"):
        pythons.installed(tmp_path)


def test_a_record_is_written_for_a_prefix_alone(
    workspace: Workspace, built: Built, house: Path
) -> None:
    version, _ = built("one", "mlenv-left", find_links=[str(house)])
    again(workspace, "one")
    prefix = workspace.places.prefix(version.lock_digest)
    assert record_of(prefix).exists()
    (record,) = prefix.glob("lib/python3*/site-packages/mlenv_left-1.0.dist-info/RECORD")
    assert record.stat().st_nlink == 1
    assert (prefix / "bin" / "left-says").stat().st_nlink == 1
