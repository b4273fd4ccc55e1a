"""The launcher: a small virtual environment of mlenv's own, which starts every kernel.

It is there whatever happens to prefixes, so it can say what is missing; it is also where the
fallback kernel runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import py_compile
import shutil
import sys
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.process import Line, build_environment, run, text_of
from mlenv_jupyter.store.trees import remove_tree, write_atomically

REQUIREMENTS = ("ipykernel>=7.3,<8",)
ASSETS = (
    "arguments.py",
    "away.py",
    "changes.py",
    "clone.py",
    "discard.py",
    "drift.py",
    "explain_conda.py",
    "fallback.py",
    "inside.py",
    "kernel_app.py",
    "launch.py",
    "outside.py",
    "overlay.py",
    "report.py",
    "secret_values.py",
    "start.py",
    "sweep.py",
    "tool.py",
    "waiting.py",
)
DONE = "launcher.json"


@dataclass(frozen=True)
class Launcher:
    """One launcher on disk."""

    place: Path

    @property
    def python(self) -> Path:
        return self.place / "bin" / "python"

    @property
    def script(self) -> Path:
        return self.place / "launch.py"

    def argv(self, record: Path) -> list[str]:
        """The argv of a kernelspec. ``-IS``: nothing of the user's may break the start."""
        return [
            os.fspath(self.python),
            "-IS",
            os.fspath(self.script),
            os.fspath(record),
            "-f",
            "{connection_file}",
        ]

    def is_whole(self) -> bool:
        """Whether it was finished, and its interpreter is still there."""
        return (self.place / DONE).exists() and self.python.exists()


def ensure_launcher(
    home: Path, *, uv: Path, cache: Path, python: Path | None = None, offline: bool = False
) -> Launcher:
    """The launcher of this mlenv, made if it is not there: 0.3 s from a warm cache, no network.

    ``cache`` is uv's cache directory, ``python`` the base interpreter (by default that of the
    running Python). Raises Unavailable where ipykernel cannot be had.
    """
    base = python or Path(_base_executable())
    files = assets()
    launcher = Launcher(home / "launcher" / _fingerprint(files, base))
    if launcher.is_whole():
        return launcher
    launcher.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(launcher.place.with_name(launcher.place.name + ".lock")):
        if not launcher.is_whole():
            remove_tree(launcher.place)
            try:
                _make(launcher, files, base, uv, cache, offline)
            except BaseException:
                remove_tree(launcher.place)
                raise
    return launcher


def launchers(home: Path) -> list[Launcher]:
    """Every launcher on disk, those of earlier versions of mlenv included."""
    try:
        places = sorted((home / "launcher").iterdir())
    except FileNotFoundError:
        return []
    return [Launcher(place) for place in places if place.is_dir()]


def _make(
    launcher: Launcher,
    files: dict[str, bytes],
    base: Path,
    uv: Path,
    cache: Path,
    offline: bool,
) -> None:
    place = launcher.place
    environment = build_environment(os.environ, UV_CACHE_DIR=os.fspath(cache))
    _uv([uv, "venv", "--no-project", "--no-config", "--python", base, place], environment)
    install: list[str | Path] = [uv, "pip", "install", "--python", launcher.python]
    try:
        # A cache that has it is enough, and asking no index is faster.
        _uv([*install, "--no-config", "--offline", *REQUIREMENTS], environment)
    except Unavailable:
        try:
            _uv([*install, *(["--offline"] if offline else []), *REQUIREMENTS], environment)
        except Unavailable:
            if not _lend(launcher, base):
                raise
    (place / "magics").mkdir()
    for name, data in files.items():
        (place / name).write_bytes(data)
    _compile(launcher, [place / name for name in files])
    described = {"format": 1, "python": os.fspath(base), "requirements": REQUIREMENTS}
    write_atomically(place / DONE, json.dumps(described).encode(), mode=0o644)


def _lend(launcher: Launcher, base: Path) -> bool:
    """Let a launcher use the ipykernel that mlenv itself came with: where there is no network."""
    found = find_spec("ipykernel")
    sites = list((launcher.place / "lib").glob("python3.*/site-packages"))
    if found is None or found.origin is None or base != Path(_base_executable()) or not sites:
        return False
    own = Path(found.origin).parent.parent
    (sites[0] / "mlenv-lent.pth").write_text(f"{own}\n", encoding="utf-8")
    return True


def _compile(launcher: Launcher, sources: list[Path]) -> None:
    """Bytecode for the launcher's Python, which is the running one or of the same line."""
    running = (sys.implementation.cache_tag, platform.python_version())
    code, lines = run(
        [launcher.python, "-IS", "-c", "import sys; print(sys.implementation.cache_tag)"]
    )
    if code or text_of(lines, "out").strip() != running[0]:
        return  # made on first use then
    for source in sources:
        py_compile.compile(os.fspath(source), doraise=True)


def _uv(argv: list[str | Path], environment: dict[str, str]) -> None:
    heard: list[Line] = []
    try:
        code, lines = run(argv, env=environment, on_line=heard.append)
    except FileNotFoundError:
        raise Unavailable(
            f"uv is not where it was expected ({argv[0]}).",
            remedy="Install it again: pip install uv.",
        ) from None
    if code:
        raise Unavailable(
            "The launcher of the kernels could not be made.",
            detail=text_of(lines, "err")[-2000:],
            remedy="Check the network and the disk, then try again; `mlenv doctor` shows more.",
        )


def assets() -> dict[str, bytes]:
    """Every file of a launcher: the code here, and that of ``%mlenv`` with what it loads."""
    own = resources.files("mlenv_jupyter.kernels") / "assets"
    found = {name: (own / name).read_bytes() for name in ASSETS}
    for file in (resources.files("mlenv_jupyter") / "magics").iterdir():
        # In a directory of their own: they find each other by name, and so do the files here.
        if file.name.endswith(".py") and file.name != "__init__.py":
            found[f"magics/{file.name}"] = file.read_bytes()
    # The package has a name for it there; here nothing of the package can be imported.
    found["magics/drift.py"] = found["drift.py"]
    return found


def _fingerprint(files: dict[str, bytes], base: Path) -> str:
    digest = hashlib.sha256()
    parts = [os.fspath(base).encode(), _version_of(base).encode(), *map(str.encode, REQUIREMENTS)]
    for name in sorted(files):
        parts += [name.encode(), files[name]]
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def _version_of(base: Path) -> str:
    if base == Path(_base_executable()):
        return platform.python_version()
    found = shutil.which(os.fspath(base))
    return os.path.realpath(found) if found else ""


def _base_executable() -> str:
    # In a virtual environment, the interpreter that it was made from: it outlives the former.
    return str(getattr(sys, "_base_executable", None) or sys.executable)
