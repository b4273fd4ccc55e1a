"""Overlays: thin ones, their promotion, crashes in the middle of it, and their end."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.kernels import overlays as on_disk


class Thin:
    """A thin overlay of a prefix, without a kernel."""

    def __init__(self, bare, asset, name: str = "k", notebook: str | None = "/n.ipynb") -> None:
        self.module = asset("overlay")
        self.clone = asset("clone")
        self.place = bare.overlays / name
        self.record = msgspec.to_builtins(bare.record())
        self.bare = bare
        self.launcher = os.path.dirname(self.module.__file__)
        text = self.module.describe(
            json.dumps(self.record),
            launcher=self.launcher,
            notebook=notebook,
            temporary=notebook is None,
            record_path="/r.json",
        )
        self.described = json.loads(text)
        self.module.make_thin(os.fspath(self.place), self.record, launcher=self.launcher, text=text)
        self.text = text

    def python(self, code: str) -> str:
        done = subprocess.run(
            [self.place / "bin" / "python", "-c", code], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else done.stderr

    def promote(self) -> bool:
        return self.clone.promote(os.fspath(self.place), self.described)

    @property
    def packages(self) -> Path:
        return Path(self.module.site_packages(os.fspath(self.place), self.record))


@pytest.fixture
def thin(bare, asset):
    before = bare.checksum()
    yield Thin(bare, asset)
    assert bare.checksum() == before


def test_thin_overlay_sees_the_prefix(thin):
    assert thin.python("import alpha, beta, sys; print(alpha.__version__, sys.prefix)") == (
        f"1.0 {thin.place}"
    )
    assert thin.place.stat().st_mode & 0o777 == 0o700
    shown = subprocess.run([thin.place / "bin" / "alpha-says"], capture_output=True, text=True)
    assert shown.stdout.strip() == f"alpha in {thin.place}"


def test_thin_overlay_is_made_once_and_mended(thin):
    def again() -> None:
        thin.module.make_thin(
            os.fspath(thin.place), thin.record, launcher=thin.launcher, text=thin.text
        )

    def times() -> list[int]:
        return sorted(path.lstat().st_mtime_ns for path in thin.place.rglob("*"))

    before = times()
    again()
    assert times() == before
    # Half-made: the record, written last, is not there.
    (thin.place / "overlay.json").unlink()
    (thin.place / "pyvenv.cfg").unlink()
    again()
    assert thin.python("import alpha; print(alpha.__version__)") == "1.0"


def test_importing_uv_fails_as_without_the_shim(thin):
    assert "No module named 'uv'" in thin.python("import uv")


def test_conda_is_explained_and_else_the_user_s_own(thin, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()

    def conda(*words: str) -> tuple[int, str]:
        path = os.pathsep.join(map(os.fspath, (thin.place / "bin", theirs, "/usr/bin", "/bin")))
        ended = subprocess.run(
            [thin.place / "bin" / "conda", *words],
            capture_output=True,
            text=True,
            env={"PATH": path},
        )
        return ended.returncode, ended.stdout + ended.stderr

    # `%conda install` names the kernel's own prefix.
    for words in (["install", "gdal"], ["install", "-y", "gdal", "--prefix", str(thin.place)]):
        code, said = conda(*words)
        assert code == 1
        assert said.startswith("`conda install` is not run here: churn-model v3 stays as it is")
        assert "%mlenv add PACKAGE" in said
    code, said = conda("info")
    assert (code, said.split(";")[0]) == (127, "conda is not on this machine")
    (theirs / "conda").write_text("#!/bin/sh\necho theirs $*\n")
    (theirs / "conda").chmod(0o755)
    for line in ("info", "env list", "install -n other gdal", "install --prefix=/elsewhere gdal"):
        assert conda(*line.split()) == (0, f"theirs {line}\n")
    assert conda("install", "gdal")[0] == 1


def test_promoted_overlay_is_a_private_clone(thin):
    assert thin.promote()
    assert not thin.promote()
    assert (
        thin.python("import alpha; print(alpha.__file__)") == f"{thin.packages}/alpha/__init__.py"
    )
    assert os.fspath(thin.record["site_packages"]) not in thin.python("import sys; print(sys.path)")
    linked = thin.packages / "alpha" / "__init__.py"
    assert linked.samefile(Path(thin.record["site_packages"], "alpha", "__init__.py"))
    assert linked.parent.stat().st_mode & 0o200
    assert not (thin.place / ".clone").exists()


def test_other_file_system_is_copied(thin, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    assert thin.promote()
    copied = thin.packages / "alpha" / "__init__.py"
    assert not copied.samefile(Path(thin.record["site_packages"], "alpha", "__init__.py"))
    assert copied.stat().st_mode & 0o200
    assert thin.python("import alpha; print(alpha.__version__)") == "1.0"


@pytest.mark.parametrize("step", range(0, 40, 3))
def test_crash_in_the_middle_leaves_a_working_overlay(thin, monkeypatch, step):
    """Stop the promotion at one of its steps, as a full disk or a kill would."""
    count = [0]

    def counted(name):
        real = getattr(os, name)

        def call(*arguments, **options):
            count[0] += 1
            if count[0] > step:
                raise KeyboardInterrupt
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("link", "rename", "replace", "symlink", "mkdir", "unlink"):
            patch.setattr(os, name, counted(name))
        try:
            thin.promote()
        except KeyboardInterrupt:
            crashed = True
        else:
            crashed = False
    works = "import alpha.says, beta; print(alpha.__version__, beta.__version__)"
    assert thin.python(works) == "1.0 1.0"
    assert thin.module.is_promoted(os.fspath(thin.place)) is not crashed
    assert thin.promote() is crashed
    assert thin.python(works) == "1.0 1.0"
    info = "from importlib.metadata import distributions as d; print(len([*d()]))"
    assert thin.python(info) == "2"


def test_two_tools_promote_once(thin, asset):
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import clone; "
        "print(clone.promote(sys.argv[2], json.load(open(sys.argv[2] + '/overlay.json'))))"
    )
    argv = [thin.place / "bin" / "python", "-c", code, thin.launcher, thin.place]
    started = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = sorted(one.communicate()[0].strip() for one in started)
    assert answers == ["False", "False", "False", "True"]


def test_real_pip_of_the_prefix_is_the_one_that_runs(bare, asset, wheel):
    files = {
        "pip/__init__.py": "__version__ = '1.2.3'\n",
        "pip/__main__.py": "raise SystemExit('not asked')\n",
        "pip/_internal/__init__.py": "",
        "pip/_internal/cli/__init__.py": "",
        "pip/_internal/cli/main.py": "import sys\ndef main():\n    print('real', sys.argv[1:])\n",
    }
    wheel(bare.wheels, "pip", "1.2.3", files=files)
    for place in (bare.prefix, *bare.prefix.rglob("*")):
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o755)
    bare.uv_run(
        "pip", "install", "--no-index", "--find-links", bare.wheels, "--python", bare.python, "pip"
    )
    thin = Thin(bare, asset)
    launcher_has_the_tool = [thin.place / "bin" / "pip", "list"]
    for _ in range(2):
        shown = subprocess.run(launcher_has_the_tool, capture_output=True, text=True)
        assert shown.stdout == "real ['list']\n", shown.stderr
        assert thin.python("import pip; print(pip.__version__)") == "1.2.3"
        thin.promote()
    assert thin.python("import pip; print(pip.__file__)") == f"{thin.packages}/pip/__init__.py"


@pytest.mark.parametrize(
    ("script", "rewritten"),
    [
        (b"#!/old/bin/python\nimport x\n", b"#!/new/bin/python\nimport x\n"),
        (b"#!/old/bin/python3 -E\nx\n", b"#!/new/bin/python3 -E\nx\n"),
        (
            b"#!/bin/sh\n'''exec' \"/old/bin/python\" \"$0\" \"$@\"\n' '''\nx\n",
            b"#!/bin/sh\n'''exec' \"/new/bin/python\" \"$0\" \"$@\"\n' '''\nx\n",
        ),
        (b"#!/usr/bin/perl\nx\n", None),
        (b"\x7fELF", None),
        (b"#!/bin/sh\necho\n# /old/bin/python\n", None),
        (b"#!/old/bin/python", b"#!/new/bin/python"),
    ],
)
def test_scripts_get_the_overlays_interpreter(asset, script, rewritten):
    found = asset("overlay").with_interpreter(script, b"/old/bin/python", b"/new/bin/python")
    assert found == rewritten


def test_listed_discarded_and_collected(bare, asset, tmp_path):
    notebook = tmp_path / "there.ipynb"
    notebook.write_text("{}")
    kept = Thin(bare, asset, "kept", os.fspath(notebook))
    Thin(bare, asset, "orphan", os.fspath(tmp_path / "gone.ipynb"))
    old = Thin(bare, asset, "tmp-old", None)
    Thin(bare, asset, "tmp-young", None)
    os.utime(old.place, (1, 1))
    (bare.overlays / "tmp-not-ours").mkdir()
    os.utime(bare.overlays / "tmp-not-ours", (1, 1))
    found = {one.place.name: one for one in on_disk.list_overlays(bare.overlays)}
    assert found.keys() == {"kept", "orphan", "tmp-old", "tmp-young"}
    assert found["kept"].notebook == os.fspath(notebook)
    assert (found["kept"].name, found["kept"].version) == ("churn-model", "3")
    assert not found["kept"].promoted
    removed = on_disk.collect(bare.overlays)
    assert {one.name for one in removed} == {"orphan", "tmp-old"}
    kept.promote()
    assert on_disk.list_overlays(bare.overlays)[0].promoted
    on_disk.discard(found["kept"])
    assert not kept.place.exists()


def test_overlay_in_use_is_emptied_in_place(thin, asset):
    import fcntl

    text = (thin.place / "overlay.json").read_text()
    fresh = sorted(one.relative_to(thin.place) for one in thin.place.rglob("*"))
    emptied = asset("discard").discard
    place = os.fspath(thin.place)
    with (thin.place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert not emptied(place, thin.described, text), "there was nothing to empty"
        thin.promote()
        (thin.packages / "gamma.py").write_text("")
        assert thin.python("import gamma, alpha; print(alpha.__version__)") == "1.0"
        assert emptied(place, thin.described, text)
        (overlay,) = on_disk.list_overlays(thin.bare.overlays)
        assert overlay.in_use, "the kernel's lock went with what was added"
    assert "No module named 'gamma'" in thin.python("import gamma")
    assert thin.python("import alpha; print(alpha.__version__)") == "1.0"
    again = {one.relative_to(thin.place) for one in thin.place.rglob("*")}
    assert again - {Path("lock"), Path("promote.lock")} == set(fresh)
    assert [one.name for one in thin.bare.overlays.iterdir()] == [thin.place.name]


def test_overlay_in_use_is_not_discarded(bare, asset):
    import fcntl

    thin = Thin(bare, asset)
    (overlay,) = on_disk.list_overlays(bare.overlays)
    with (thin.place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert overlay.in_use
        with pytest.raises(Conflict):
            on_disk.discard(overlay)
        assert on_disk.collect(bare.overlays) == []
    assert not overlay.in_use
