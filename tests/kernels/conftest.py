"""Prefixes and kernel layers made by hand as the store keeps them, and kernels from them."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mlenv_jupyter.kernels import kernelspecs
from mlenv_jupyter.kernels.launcher import Launcher, ensure_launcher
from mlenv_jupyter.kernels.layer import finish_layer, layer_requirements
from mlenv_jupyter.kernels.record import LaunchRecord

ASSETS = Path(kernelspecs.__file__).parent / "assets"
THIS_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    files: dict[str, str] | None = None,
    requires: tuple[str, ...] = (),
    scripts: dict[str, str] | None = None,
) -> Path:
    """A pure-Python wheel: a module of its name that knows its version, unless there are files."""
    module = name.replace("-", "_")
    contents = dict(files or {f"{module}/__init__.py": f'__version__ = "{version}"\n'})
    info = f"{module}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {one}\n" for one in requires)
    contents[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}"
    )
    contents[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    if scripts:
        lines = "".join(f"{command} = {target}\n" for command, target in scripts.items())
        contents[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}"
    rows = []
    path = directory / f"{module}-{version}-py3-none-any.whl"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in contents.items():
            digest = hashlib.sha256(text.encode()).digest()
            encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            rows.append(f"{inside},sha256={encoded},{len(text.encode())}\n")
            archive.writestr(inside, text)
        archive.writestr(f"{info}/RECORD", "".join(rows) + f"{info}/RECORD,,\n")
    return path


def tree_checksum(top: Path) -> str:
    """All of a tree that an installer could change: names, modes, links, contents, times."""
    digest = hashlib.sha256()
    for place, directories, files in os.walk(top):
        directories.sort()
        for name in sorted([*directories, *files, "."]):
            path = Path(place, name)
            found = path.lstat()
            row: list[Any] = [os.fspath(path.relative_to(top)), stat.S_IFMT(found.st_mode)]
            if stat.S_ISLNK(found.st_mode):
                row.append(os.readlink(path))
            else:
                row += [found.st_mode, found.st_mtime_ns]
            if stat.S_ISREG(found.st_mode):
                row += [found.st_size, hashlib.sha256(path.read_bytes()).hexdigest()]
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()


def versions(packages: Path) -> dict[str, str]:
    """Version by name, from the names of the dist-info directories."""
    found = {}
    for info in packages.glob("*.dist-info"):
        name, _, version = info.name[: -len(".dist-info")].partition("-")
        found[name.lower().replace("_", "-")] = version
    return found


class Made:
    """A home and a store with one prefix (alpha 1.0, beta 1.0) and its kernel layer."""

    def __init__(self, top: Path, *, python: str, uv: Path, cache: Path) -> None:
        self.home = top / "home"
        self.store = top / "store"
        self.wheels = top / "wheels"
        self.uv = uv
        self.cache = cache
        self.python_version = python
        self.prefix = self.store / "prefixes" / ("a" * 32)
        self.layer = self.store / "layers" / ("b" * 32)
        self.kernels = self.home / "kernels"
        self.overlays = self.store / "overlays"

    def make_wheels(self) -> None:
        says = "import sys\ndef main():\n    print('alpha in', sys.prefix)\n"
        files = {
            "alpha/__init__.py": '__version__ = "1.0"\n',
            "alpha/late.py": "value = 1\n",
            "alpha/says.py": says,
        }
        make_wheel(
            self.wheels, "alpha", "1.0", files=files, scripts={"alpha-says": "alpha.says:main"}
        )
        make_wheel(self.wheels, "alpha", "2.0", files={**files, "alpha/__init__.py": '__version__ = "2.0"\n'})  # fmt: skip  # noqa: E501
        make_wheel(self.wheels, "beta", "1.0", requires=("alpha>=1",))
        make_wheel(self.wheels, "beta", "1.1", requires=("alpha>=1",))
        make_wheel(self.wheels, "gamma", "0.1", requires=("alpha",))
        make_wheel(self.wheels, "gamma", "0.2", requires=("alpha",))
        make_wheel(self.wheels, "delta", "3.0", requires=("alpha>=2",))

    def uv_run(self, *arguments: str | Path) -> None:
        environment = {**os.environ, "UV_CACHE_DIR": os.fspath(self.cache)}
        done = subprocess.run(
            [self.uv, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def build(self, *requirements: str, layer: bool = True) -> None:
        """The prefix, compiled and read-only, and the layer."""
        self.uv_run("venv", "--python", self.python_version, self.prefix)
        self.uv_run(
            "pip", "install", "--no-index", "--find-links", self.wheels, "--link-mode", "copy",
            "--python", self.python, *requirements,
        )  # fmt: skip
        if layer:
            self.uv_run(
                "pip", "install", "--target", self.layer, "--python", self.python,
                *layer_requirements(self.site_packages.parent.name[len("python") :]),
            )  # fmt: skip
            finish_layer(self.layer)
        else:
            self.layer.mkdir(parents=True)
        code = (
            "import compileall, py_compile, sys; compileall.compile_dir(sys.argv[1], quiet=2,"
            "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
        )
        subprocess.run([self.python, "-IS", "-c", code, self.prefix], check=True)
        for parent, _, files in os.walk(self.prefix, topdown=False):
            for name in files:
                path = Path(parent, name)
                if not path.is_symlink():
                    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
            Path(parent).chmod(0o555)
        self.commit_record.write_text("{}")

    @property
    def commit_record(self) -> Path:
        return self.prefix.with_name(self.prefix.name + ".json")

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        (found,) = self.prefix.glob("lib/python3.*/site-packages")
        return found

    def checksum(self) -> str:
        return tree_checksum(self.prefix)

    def record(self, **changed: Any) -> LaunchRecord:
        """A launch record of this prefix."""
        values: dict[str, Any] = {
            "kernel_name": "mlenv-churn-model-0123abcd",
            "display_name": "churn-model (v3)",
            "name": "churn-model",
            "version": "3",
            "definition_id": "d" * 64,
            "digest": "e" * 64,
            "lock_digest": "a" * 64,
            "prefix": os.fspath(self.prefix),
            "python": os.fspath(self.python),
            "site_packages": os.fspath(self.site_packages),
            "record": os.fspath(self.commit_record),
            "layer": os.fspath(self.layer),
            "layer_packages": versions(self.layer),
            "packages": versions(self.site_packages),
            "variables": {"CHURN_ROOT": "/data/churn $HOME"},
            "overlays": os.fspath(self.overlays),
            "uv": os.fspath(self.uv),
            "cli": (sys.executable, "-m", "mlenv_jupyter.cli"),
            "home": os.fspath(self.home),
            "store": os.fspath(self.store),
        }
        return LaunchRecord(**{**values, **changed})

    def launcher(self) -> Launcher:
        return ensure_launcher(self.home, uv=self.uv, cache=self.cache)

    def install(self, **changed: Any) -> LaunchRecord:
        """Install a kernel of this prefix for the user of the test."""
        record = self.record(**changed)
        kernelspecs.install(record, launcher=self.launcher(), kernels=self.kernels)
        return record


@dataclass
class Outcome:
    """What one cell gave back."""

    status: str
    text: str = ""
    html: str = ""
    comms: list[dict[str, Any]] = field(default_factory=list)


class Running:
    """A kernel that runs, and its client."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str, timeout: float = 120) -> Outcome:
        """Run a cell to its end."""
        outcome = Outcome("")
        parts: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                parts.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                parts.append(content["data"].get("text/plain", ""))
                outcome.html += content["data"].get("text/html", "")
            elif kind == "error":
                parts.append(f"{content['ename']}: {content['evalue']}\n")
            elif kind == "comm_open":
                outcome.comms.append(content)

        reply = self.client.execute_interactive(code, output_hook=hear, timeout=timeout)
        outcome.status = reply["content"]["status"]
        outcome.text = "".join(parts)
        return outcome

    def value(self, code: str) -> str:
        """What an expression is, as its repr."""
        outcome = self.run(code)
        assert outcome.status == "ok", outcome.text
        return outcome.text

    def restart(self) -> None:
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=60)


@pytest.fixture(scope="session")
def uv() -> Path:
    from uv import find_uv_bin

    return Path(find_uv_bin())


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = os.environ.get("MLENV_TEST_UV_CACHE")
    return Path(shared) if shared else tmp_path_factory.mktemp("uv-cache")


def make(top: Path, python: str, uv: Path, cache: Path, *, layer: bool = True) -> Made:
    made = Made(top, python=python, uv=uv, cache=cache)
    made.make_wheels()
    made.build("alpha==1.0", "beta==1.0", layer=layer)
    return made


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, uv: Path, uv_cache: Path) -> Made:
    """One prefix with its layer for all tests of a session: nothing may change it."""
    return make(tmp_path_factory.mktemp("whole"), THIS_PYTHON, uv, uv_cache)


@pytest.fixture
def made(whole: Made, tmp_path: Path) -> Iterator[Made]:
    """The shared prefix, with a home and overlays of the test's own; it must stay as it was."""
    before = whole.checksum()
    mine = Made(tmp_path, python=whole.python_version, uv=whole.uv, cache=whole.cache)
    mine.prefix, mine.layer, mine.wheels = whole.prefix, whole.layer, whole.wheels
    # One launcher for the session: making one takes longer than most tests.
    launchers = whole.home / "launcher"
    launchers.mkdir(parents=True, exist_ok=True)
    mine.home.mkdir()
    (mine.home / "launcher").symlink_to(launchers)
    yield mine
    assert whole.checksum() == before, "the prefix was changed"


@pytest.fixture
def bare(tmp_path: Path, uv: Path, uv_cache: Path) -> Made:
    """A prefix without a layer, for what needs no kernel and no network; the test's own."""
    return make(tmp_path / "bare", THIS_PYTHON, uv, uv_cache, layer=False)


@pytest.fixture(autouse=True)
def jupyter_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's Jupyter data directory, and an environment as a terminal has it."""
    place = tmp_path / "jupyter"
    monkeypatch.setenv("JUPYTER_DATA_DIR", os.fspath(place))
    monkeypatch.setenv("IPYTHONDIR", os.fspath(tmp_path / "ipython"))
    for name in ("JPY_SESSION_NAME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    return place


@pytest.fixture
def start() -> Callable[..., Any]:
    """Start an installed kernel as any client does; shut down at the end of the block."""
    from jupyter_client.manager import KernelManager

    @contextmanager
    def starting(kernel_name: str, notebook: Path | None = None, **extra: str) -> Iterator[Running]:
        environment = {**os.environ, **extra}
        if notebook is not None:
            environment["JPY_SESSION_NAME"] = os.fspath(notebook)
        manager = KernelManager(kernel_name=kernel_name)
        manager.start_kernel(env=environment)
        client = manager.client()
        client.start_channels()
        kernel = Running(manager, client)
        try:
            client.wait_for_ready(timeout=60)
            yield kernel
        finally:
            client.stop_channels()
            manager.shutdown_kernel()
            manager.cleanup_resources()

    return starting


@pytest.fixture
def asset(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """A module of the launcher, imported as it is there: by its bare name."""
    names = [path.stem for path in ASSETS.glob("*.py")]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    monkeypatch.syspath_prepend(ASSETS)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(before)


@pytest.fixture
def wheel() -> Callable[..., Path]:
    return make_wheel


@pytest.fixture
def checksum() -> Callable[[Path], str]:
    return tree_checksum


@pytest.fixture
def other_python(tmp_path: Path) -> Callable[[str], str]:
    """An interpreter of another version that is on this machine; the test is skipped without."""
    from mlenv_jupyter.builds.python import installed

    def find(version: str) -> str:
        for one in installed(tmp_path / "none"):
            if one.minor == version:
                return one.executable
        pytest.skip(f"no Python {version} here")

    return find


@pytest.fixture
def make_for(tmp_path: Path, uv: Path, uv_cache: Path) -> Callable[..., Made]:
    """A whole prefix for another Python."""

    def of(python: str, **extra: Any) -> Made:
        return make(tmp_path / "other", python, uv, uv_cache, **extra)

    return of
