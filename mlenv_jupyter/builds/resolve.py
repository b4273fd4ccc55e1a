"""Definition → universal lock with uv, and the files of it that this machine's Python takes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags, platform_tags

from mlenv_jupyter.builds.credentials import for_uv
from mlenv_jupyter.builds.hashes import hashed
from mlenv_jupyter.builds.python import Python
from mlenv_jupyter.builds.wheels import wheel_requirements, without_places
from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.sections import SparkSection
from mlenv_jupyter.core.universal import Chosen, UniversalLock, from_pylock, locked, select
from mlenv_jupyter.process import Line, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LineSink = Callable[[Line], None]


class ToolFailed(Exception):
    """A tool ended with an error; what it said is in ``lines``. Explained before a user sees it."""

    def __init__(self, tool: str, lines: Sequence[Line]) -> None:
        super().__init__(tool)
        self.tool = tool
        self.lines = lines


def index_options(definition: Definition) -> list[str]:
    """The index settings of a definition as lines of a requirements file.

    uv expands ``${NAME}`` in them itself, so that no credential is written to disk.
    """
    pip = definition.pip
    made = [
        *([f"--index-url {pip.index_url}"] if pip.index_url else []),
        *(f"--extra-index-url {one}" for one in pip.extra_index_urls),
        *(f"--find-links {one}" for one in pip.find_links),
        *(f"--no-binary {one}" for one in pip.no_binary),
        *(f"--only-binary {one}" for one in pip.only_binary),
    ]
    return [for_uv(line) for line in made]


def references(definition: Definition) -> set[str]:
    """The variables of the builder's environment that indexes and channels refer to."""
    asked = [*index_options(definition), *definition.conda.channels]
    found = {one[2:-1] for line in asked for one in REFERENCE.findall(line)}
    return {one for one in found if not one.startswith("MLENV_")}


def resolve(
    definition: Definition,
    python: Python,
    *,
    uv: str,
    work: Path,
    env: Mapping[str, str],
    on_line: LineSink | None = None,
    wheels_only: bool = False,
    refresh: bool = False,
    oldest: str | None = None,
    constraints: Sequence[str] = (),
    wheels: Mapping[str, Path] | None = None,
) -> tuple[UniversalLock, dict[str, str]]:
    """Resolve for all platforms at once; the lock, and the address of each file by sha256.

    ``wheels_only`` runs no code of any package; ``oldest`` is the first Python that it is for,
    the interpreter's own if left out; ``wheels`` are the private ones, by sha256. Raises
    ToolFailed.
    """
    wanted = work / "requirements.in"
    asked = [for_uv(line) for line in definition.pip.requirements]
    asked += wheel_requirements(wheels or {})
    wanted.write_text("\n".join([*index_options(definition), *asked]) + "\n")
    limits = work / "constraints.txt"
    constraints = [*constraints, *map(for_uv, definition.pip.constraints)]
    limits.write_text("".join(f"{one}\n" for one in constraints))
    made = work / "pylock.toml"
    made.unlink(missing_ok=True)
    if not asked:
        return UniversalLock(requires_python=f">={python.minor}", packages=()), {}
    code, lines = run(
        [
            *(uv, "pip", "compile", wanted.name, "--universal", "--format", "pylock.toml"),
            *("--python", python.executable, "--python-version", oldest or python.minor),
            *("--output-file", made.name, "--no-header", "--color", "never", "--quiet"),
            *("--preview-features", "pylock"),
            *(["--prerelease", "allow"] if definition.pip.pre else []),
            *(["--only-binary", ":all:"] if wheels_only else []),
            *(["--refresh"] if refresh else []),
            *(["--constraint", limits.name] if constraints else []),
            *(["--torch-backend", definition.torch_backend] if definition.torch_backend else []),
        ],
        env=env,
        cwd=work,
        on_line=lambda line: on_line(line) if on_line and line.stream == "err" else None,
    )
    if code != 0:
        raise ToolFailed("uv pip compile", lines)
    text = made.read_text()
    made.unlink()  # uv has put the password of a direct address into it
    lock, addresses = from_pylock(tomllib.loads(text))
    elsewhere = {key: one for key, one in addresses.items() if key not in (wheels or {})}
    lock = msgspec.structs.replace(lock, packages=hashed(lock.packages, definition))
    return without_places(lock, wheels or {}), elsewhere


def addresses_of(
    definition: Definition,
    chosen: Iterable[Chosen],
    python: str,
    *,
    uv: str,
    work: Path,
    env: Mapping[str, str],
) -> dict[str, str]:
    """Where the index has exactly these packages, by sha256; raises ToolFailed."""
    pins = [f"{one.package.name}=={one.package.version}" for one in chosen]
    wanted = work / "pins.in"
    wanted.write_text("\n".join([*index_options(definition), *pins]) + "\n")
    made = work / "pylock.pins.toml"
    code, lines = run(
        [
            *(uv, "pip", "compile", wanted.name, "--no-deps", "--format", "pylock.toml"),
            *("--python-version", python, "--output-file", made.name, "--no-header"),
            *("--color", "never", "--quiet", "--preview-features", "pylock"),
            *("--only-binary", ":all:", "--prerelease", "allow"),
        ],
        env=env,
        cwd=work,
    )
    if code != 0:
        raise ToolFailed("uv pip compile", lines)
    return from_pylock(tomllib.loads(made.read_text()))[1]


def choose(lock: UniversalLock, python: Python) -> tuple[Chosen, ...]:
    """The packages and files of a universal lock that fit an interpreter."""
    return select(lock, python.markers, tags_of(python))


def lock_for(definition: Definition, chosen: Iterable[Chosen], python: Python) -> Lock:
    """The Lock of the chosen files on this platform."""
    return Lock(
        python=python.version,
        implementation=python.implementation + ("t" if python.free_threaded else ""),
        platform=python.platform,
        packages=locked(chosen, frozenset(definition.wanted)),
        spark=spark_of(definition),
    )


def spark_of(definition: Definition) -> SparkSection | None:
    """The Spark section of a definition, where there are packages in it."""
    spark = definition.spark
    return spark if spark is not None and spark.packages else None


def tags_of(python: Python) -> list[Tag]:
    """The wheel tags that an interpreter takes, best first (PEP 425)."""
    numbers = re.findall(r"\d+", python.version)
    version = (int(numbers[0]), int(numbers[1]))
    platforms = list(python.platform_tags or platform_tags())
    nodot = f"cp{version[0]}{version[1]}"
    if python.implementation == "cpython":
        # Until 3.7 the ABI was named after the allocator, pymalloc, too.
        abi = nodot + ("t" if python.free_threaded else "m" if version < (3, 8) else "")
        own = list(cpython_tags(version, [abi], platforms))
        return own + list(compatible_tags(version, nodot, platforms))
    name = f"{python.implementation[:2]}{version[0]}{version[1]}"
    return list(generic_tags(name, None, platforms)) + list(
        compatible_tags(version, name, platforms)
    )


def storable(addresses: Mapping[str, str]) -> dict[str, str]:
    """The addresses that can be kept: those that work without user, password or signature."""
    kept = {}
    for sha256, address in addresses.items():
        parts = urlsplit(address)
        if (
            parts.scheme in ("http", "https", "file")
            and "@" not in parts.netloc
            and not parts.query
        ):
            kept[sha256] = urlunsplit(parts)
    return kept
