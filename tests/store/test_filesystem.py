"""Network file systems are known, and SQLite's write-ahead log is not used on them."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.doctor import examine
from mlenv_jupyter.store import filesystem
from mlenv_jupyter.store.filesystem import is_network, kind_of
from mlenv_jupyter.workspace import Workspace

ROOT = "22 1 254:1 / / rw,relatime - ext4 /dev/root rw\n"


def mount(monkeypatch: pytest.MonkeyPatch, file: Path, *lines: tuple[Path | str, str]) -> None:
    """Have these file systems mounted at these places, beside the root."""
    told = "".join(
        f"{40 + n} 22 0:{50 + n} / {str(point).replace(' ', chr(92) + '040')} rw shared:{n} - "
        f"{kind} server:/export rw,vers=4.2\n"
        for n, (point, kind) in enumerate(lines)
    )
    file.write_text(ROOT + told)
    monkeypatch.setattr(filesystem, "MOUNTS", file)


def test_the_kind_is_that_of_the_innermost_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "team share" / "me"
    home.mkdir(parents=True)
    file = tmp_path / "mountinfo"
    mount(monkeypatch, file, (home.parent, "nfs4"), (tmp_path / "team", "xfs"))
    assert kind_of(home) == "nfs4"
    assert kind_of(home / "not" / "there") == "nfs4"
    assert kind_of(tmp_path / "team" / "x") == "xfs"
    assert kind_of(tmp_path / "team shared") == "ext4"
    (tmp_path / "link").symlink_to(home)
    assert kind_of(tmp_path / "link") == "nfs4"
    mount(monkeypatch, file, (home.parent, "nfs4"), (home.parent, "tmpfs"))
    assert kind_of(home) == "tmpfs"  # mounted over it later
    file.write_text("nonsense\n\n1 2\n")
    assert kind_of(home) == ""
    file.unlink()
    assert isinstance(kind_of(home), str)


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        *(
            (one, True)
            for one in ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "gpfs", "9p", "ceph"]
        ),
        *((one, True) for one in ["fuse.s3fs", "fuse.gcsfuse", "fuse.juicefs", "fuse.rclone"]),
        *(
            (one, False)
            for one in ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "apfs", "fuseblk"]
        ),
        ("fuse.fuse-overlayfs", False),
        ("", False),
    ],
)
def test_which_are_shared(kind: str, network: bool) -> None:
    assert is_network(kind) is network


@pytest.mark.parametrize(("kind", "journal"), [("nfs4", "delete"), ("ext4", "wal")])
def test_the_registry_is_as_the_file_system_allows(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, journal: str
) -> None:
    mount(monkeypatch, tmp_path / "mountinfo", (homes, kind))
    workspace = Workspace.from_config()
    workspace.register("one", Definition.create(requirements=["six"]))
    with sqlite3.connect(workspace.places.registry) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == (journal,)
    seen = workspace.data_version()
    # Others read and write beside it, and it is noticed.
    others = [Workspace.from_config() for _ in range(3)]
    writing = [
        threading.Thread(
            target=lambda n=n, it=it: it.register(f"other-{n}", Definition.create(None, ["six"]))
        )
        for n, it in enumerate(others)
    ]
    for one in writing:
        one.start()
    for one in writing:
        one.join()
    assert workspace.environments().total == 4
    assert workspace.data_version() != seen
    (check,) = (one for one in examine(workspace) if one.name == "registry")
    assert check.ok
    assert ("network file system (nfs4)" in check.message) == (kind == "nfs4")
    for one in (workspace, *others):
        one.close()


def test_a_registry_that_was_local_goes_on_without_its_log(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.from_config()
    workspace.register("one", Definition.create(requirements=["six"]))
    workspace.close()
    mount(monkeypatch, tmp_path / "mountinfo", (homes, "cifs"))
    moved = Workspace.from_config()
    assert moved.environment("one").name == "one"
    assert not moved.places.registry.with_name("registry.sqlite-wal").exists()
    moved.close()


def test_doctor_says_that_the_store_should_be_local(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.from_config()
    mount(monkeypatch, tmp_path / "mountinfo", (workspace.places.store, "fuse.sshfs"))
    (check,) = (one for one in examine(workspace) if one.name == "store")
    assert not check.ok
    assert "fuse.sshfs" in check.message
    assert "MLENV_STORE" in check.remedy
    workspace.close()
