"""Finding the Python that was asked for, and fetching one with uv where there is none."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.process import Line, run, text_of
from mlenv_jupyter.store.trees import write_atomically

KNOWN = ".known.json"
"""Where it is kept what the interpreters said: asking a dozen of them takes 0.3 s."""

SYSTEM = sysconfig.get_platform()
"""This platform, as every Python here names it."""

OLDEST = (3, 7)
"""The oldest Python that a kernel layer can be made for."""

# What resolving, choosing files and naming a lock need to know of an interpreter.
QUERY = """
import json, os, platform, sys, sysconfig
v = sys.version_info
def full(i): return "%d.%d.%d" % i[:3] + ("" if i[3] == "final" else i[3][0] + str(i[4]))
print(json.dumps({
    "executable": os.path.realpath(sys.executable), "version": full(v),
    "implementation": sys.implementation.name, "cache_tag": sys.implementation.cache_tag or "",
    "platform": sysconfig.get_platform(),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": full(sys.implementation.version),
        "os_name": os.name, "platform_machine": platform.machine(),
        "platform_release": platform.release(), "platform_system": platform.system(),
        "platform_version": platform.version(), "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }}))
"""


class Python(msgspec.Struct, frozen=True, kw_only=True):
    """One interpreter that prefixes can be made from.

    ``platform_tags`` are set where it is not on this machine but in an image.
    """

    executable: str
    version: str
    implementation: str
    cache_tag: str
    platform: str
    free_threaded: bool = False
    markers: dict[str, str] = {}
    platform_tags: tuple[str, ...] = ()

    @property
    def minor(self) -> str:
        """``3.11`` of ``3.11.7``."""
        return ".".join(self.version.split(".")[:2])


class Known(msgspec.Struct, frozen=True):
    """What an interpreter said of itself, and the stamp of its file then."""

    stamp: str
    python: Python


def markers_of(version: str) -> dict[str, str]:
    """The PEP 508 environment of this machine with another version of its Python."""
    from packaging.markers import default_environment

    markers = {key: str(value) for key, value in default_environment().items()}
    minor = ".".join(version.split(".")[:2])
    return {**markers, "python_version": minor, "python_full_version": version}


def default_version() -> str:
    """The Python that is used where a Definition names none: the one that mlenv runs on."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def find(
    wanted: str | None,
    *,
    uv: str,
    directory: Path,
    env: Mapping[str, str],
    on_line: Callable[[Line], None] | None = None,
) -> Python:
    """The interpreter for ``3.11`` or ``3.11.7``, fetched into ``directory`` where there is none.

    Raises Unavailable, whose message says which are there.
    """
    wanted = wanted or default_version()
    there = present(wanted, directory)
    if there is not None:
        return there
    code, lines = run(
        [uv, "python", "install", "--no-bin", "--install-dir", directory, wanted],
        env=env,
        on_line=on_line,
    )
    there = present(wanted, directory) if code == 0 else None
    if there is not None:
        return there
    others = ", ".join(sorted({one.version for one in installed(directory)}, key=_sortable))
    causes = [line.text.strip() for line in lines if "cause" in line.text or "error" in line.text]
    raise Unavailable(
        f"Python {wanted} is not on this machine and could not be fetched.",
        code="python_missing",
        where="python",
        detail=(causes[-1] if causes else text_of(lines)[-400:]).removeprefix("error: "),
        remedy=f"Choose one that is here ({others}), or install Python {wanted}.",
    )


def present(wanted: str | None, directory: Path) -> Python | None:
    """The interpreter on this machine that ``find`` takes, if one is there."""
    version = wanted or default_version()
    return next((one for one in installed(directory) if fits(one.version, version)), None)


def installed(directory: Path) -> list[Python]:
    """Every interpreter on this machine that can be used, this one's version first."""
    found: dict[str, Python] = {}
    known = _read_known(directory)
    seen: dict[str, Known] = {}
    for candidate in _candidates(directory):
        executable = os.path.realpath(candidate)
        try:
            stamp = _stamp(executable)
        except OSError:
            continue
        before = seen.get(executable) or known.get(executable)
        if before is None or before.stamp != stamp:
            said = _query(executable)
            if said is None:
                continue
            before = Known(stamp, said)
        seen[executable] = before
        if _sortable(before.python.version)[:2] >= OLDEST:
            found.setdefault(before.python.executable, before.python)
    if not seen.items() <= known.items():
        _write_known(directory, {**known, **seen})
    own = default_version()
    ranked = sorted(found.values(), key=lambda one: _sortable(one.version), reverse=True)
    return sorted(ranked, key=lambda one: one.minor != own)


def _candidates(directory: Path) -> Iterator[str]:
    yield os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    name = re.compile(r"python3\.\d+t?")
    roots = [os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")]
    for versions in (*(Path(root, "versions") for root in roots), directory):
        if versions.is_dir():
            for one in sorted(versions.iterdir(), reverse=True):
                executable = one / "bin" / "python3"
                if executable.exists():
                    yield str(executable)
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        # pyenv's shims answer for versions that are not chosen, by failing.
        if not place or "shims" in Path(place).parts or not os.path.isdir(place):
            continue
        for entry in sorted(os.listdir(place), reverse=True):
            if name.fullmatch(entry):
                yield os.path.join(place, entry)


def query(executable: Path) -> Python | None:
    """What an interpreter says of itself; None where it does not start."""
    return _query(os.path.realpath(executable))


def _query(executable: str) -> Python | None:
    """What an interpreter says of itself; None where it says nothing."""
    try:
        code, lines = run([executable, "-IS", "-c", QUERY], env={"PATH": os.defpath})
    except OSError:
        return None
    if code != 0:
        return None
    try:
        return msgspec.json.decode(text_of(lines, "out"), type=Python)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _stamp(executable: str) -> str:
    """What changes when an interpreter may answer otherwise: its file, the system, our question."""
    found = os.stat(executable)
    system = os.uname()
    parts = (found.st_mtime_ns, found.st_size, found.st_ino, system.release, system.version, QUERY)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _read_known(directory: Path) -> dict[str, Known]:
    try:
        return msgspec.json.decode((directory / KNOWN).read_bytes(), type=dict[str, Known])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return {}


def _write_known(directory: Path, known: dict[str, Known]) -> None:
    # Only a memory: where it cannot be kept, they are asked again.
    with contextlib.suppress(OSError):
        write_atomically(directory / KNOWN, msgspec.json.encode(known))


def find_uv() -> str:
    """The uv that came with mlenv, or the one on the PATH; raises Unavailable."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise Unavailable("uv is not installed.", remedy="Install it with `pip install uv`.")
    return found


def fits(version: str, wanted: str) -> bool:
    """Whether ``3.11.7`` is what ``3.11`` or ``3.11.7`` asks for."""
    return version == wanted or (wanted.count(".") == 1 and version.startswith(wanted + "."))


def _sortable(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
