"""What pip adds to a conda environment: resolved with what conda installed as given."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.builds.bytecode import distributions
from mlenv_jupyter.builds.conda.explain_pip import explain_pip
from mlenv_jupyter.builds.credentials import for_uv
from mlenv_jupyter.builds.hashes import hashed
from mlenv_jupyter.builds.resolve import ToolFailed, choose, index_options
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.builds.wheels import wheel_requirements, without_places
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.universal import (
    Chosen,
    UniversalLock,
    UniversalPackage,
    from_pylock,
)
from mlenv_jupyter.process import Line, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ADDED = re.compile(r"^ \+ ([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
_REPLACED = re.compile(r"^ [-~] ([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")


def versions_in(site_packages: Path) -> dict[str, str]:
    """The Python packages in a directory, version by normalised name."""
    found = {}
    for name, one in distributions(site_packages).items():
        version = one.info.name[: -len(".dist-info")].partition("-")[2]
        found[name] = version
    for egg in site_packages.glob("*.egg-info"):
        parts = egg.name[: -len(".egg-info")].split("-")
        if len(parts) > 1:
            found.setdefault(canonicalize_name(parts[0]), parts[1])
    return found


def resolve_pip_section(
    site: Site,
    prefix: Path,
    given: Mapping[str, str],
    definition: Definition,
    wheels: Mapping[str, Path],
) -> tuple[tuple[UniversalPackage, ...], dict[str, str]]:
    """The packages that pip adds to a prefix with ``given`` in it, each with the file that fits.

    And the address of each file by sha256.

    uv first says what it would install there, and then locks exactly that. Raises BuildFailed where
    conda's packages are in the way; ToolFailed.
    """
    wanted = site.work / "requirements.in"
    private = wheel_requirements(wheels)
    lines = [*index_options(definition), *map(for_uv, definition.pip.requirements), *private]
    wanted.write_text("\n".join(lines) + "\n")
    pins = site.work / "conda.constraints.txt"
    limits = [f"{name}=={version}" for name, version in given.items()]
    limits += map(for_uv, definition.pip.constraints)
    pins.write_text("".join(f"{one}\n" for one in limits))
    try:
        added = _would_add(site, prefix, wanted, pins, definition)
    except ToolFailed as failed:
        problem = explain_pip(failed, given, definition)
        raise BuildFailed.of(problem) if problem else failed from None
    if not added:
        return (), {}
    direct: dict[str, str] = {
        canonicalize_name(one.name): for_uv(f"{canonicalize_name(one.name)} @ {one.url}")
        for one in map(_parsed, [*definition.pip.requirements, *private])
        if one is not None and one.url
    }
    exact = site.work / "pip.in"
    exact.write_text(
        "\n".join(
            [
                *index_options(definition),
                *(direct.get(name, f"{name}=={version}") for name, version in added.items()),
            ]
        )
        + "\n"
    )
    made = site.work / "pylock.conda.toml"
    made.unlink(missing_ok=True)
    code, said = run(
        [
            *(site.uv, "pip", "compile", exact.name, "--no-deps", "--format", "pylock.toml"),
            *("--python", prefix / "bin" / "python", "--output-file", made.name, "--no-header"),
            *("--color", "never", "--quiet", "--preview-features", "pylock"),
            *(["--prerelease", "allow"] if definition.pip.pre else []),
        ],
        env=site.env,
        cwd=site.work,
    )
    if code != 0:
        raise ToolFailed("uv pip compile", said)
    text = made.read_text()
    made.unlink()  # uv has put the password of a direct address into it
    universal, addresses = from_pylock(tomllib.loads(text))
    universal = without_places(universal, wheels)
    universal = msgspec.structs.replace(universal, packages=hashed(universal.packages, definition))
    addresses = {key: one for key, one in addresses.items() if key not in wheels}
    chosen = choose(UniversalLock(requires_python="", packages=universal.packages), site.python)
    return tuple(
        msgspec.structs.replace(one.package, files=(one.file,)) for one in chosen
    ), addresses


def chosen_files(packages: tuple[UniversalPackage, ...]) -> tuple[Chosen, ...]:
    """The packages of a lock as ``resolve_pip_section`` made it, each with its one file."""
    return tuple(Chosen(package=one, file=one.files[0]) for one in packages)


def _would_add(
    site: Site, prefix: Path, wanted: Path, pins: Path, definition: Definition
) -> dict[str, str]:
    code, said = run(
        [
            *(site.uv, "pip", "install", "--dry-run", "--requirements", wanted.name),
            *("--constraint", pins.name, "--python", prefix / "bin" / "python"),
            *("--break-system-packages", "--color", "never"),
            *(["--prerelease", "allow"] if definition.pip.pre else []),
            *([] if site.use_cache else ["--refresh"]),
            *(["--torch-backend", definition.torch_backend] if definition.torch_backend else []),
        ],
        env=site.env,
        cwd=site.work,
        on_line=lambda line: None if _is_plan(line) else site.on_line(line),
    )
    if code != 0:
        raise ToolFailed("uv pip compile", said)
    added: dict[str, str] = {}
    for line in said:
        found = _ADDED.match(line.text)
        if found:
            added[canonicalize_name(found[1])] = found[2]
    return added


def _is_plan(line: Line) -> bool:
    return bool(_ADDED.match(line.text) or _REPLACED.match(line.text)) or line.text.startswith(
        ("Would ", "Using Python", "Resolved ")
    )


def _parsed(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None
