"""A dry run with conda packages: solved for this machine, nothing fetched but indexes."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlenv_jupyter.builds.conda.channels import read_channels
from mlenv_jupyter.builds.conda.engine import Engine
from mlenv_jupyter.builds.conda.explain_pip import explain_pip, missing_pins
from mlenv_jupyter.builds.conda.pipeline import Solved, explained, lock_of, python_in, specs_of
from mlenv_jupyter.builds.conda.target import Target, image_target
from mlenv_jupyter.builds.credentials import for_uv
from mlenv_jupyter.builds.resolve import ToolFailed, index_options
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import LockedPackage, image_platform
from mlenv_jupyter.core.universal import UniversalPackage, from_pylock
from mlenv_jupyter.process import run
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.store.places import Places

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def preview_conda(
    definition: Definition, places: Places, work: Path, *, uv: str, env: Mapping[str, str]
) -> tuple[LockedPackage, ...]:
    """The packages that a definition resolves to here. Raises BuildFailed, ToolFailed.

    What conda would install is known by name only, so pip's part may come out a little larger
    than in a build, which looks at what conda has really installed. An image is taken for one with
    a new C library: nothing is pulled to look.
    """
    secrets = Secrets(places.home)
    channels = read_channels(definition, env, lambda name, host: secrets.value(name, host=host))
    with explained(definition):
        engine = Engine(channels, places.rattler, target=_target(definition))
        records = engine.solve(specs_of(definition))
    pip: tuple[UniversalPackage, ...] = ()
    if definition.pip.requirements:
        pip = _pip(definition, records, work, uv, env)
    return lock_of(definition, Solved(records, pip, {})).packages


def _target(definition: Definition) -> Target | None:
    """What an image is, as far as its definition tells; None for a prefix here."""
    if definition.kind != "image":
        return None
    docker = definition.docker
    named = image_platform(docker.platform if docker else None, platform.machine())
    return image_target(named.removeprefix("image-linux-"), "glibc 2.36", "")


def _pip(
    definition: Definition,
    records: Sequence[RepoDataRecord],
    work: Path,
    uv: str,
    env: Mapping[str, str],
) -> tuple[UniversalPackage, ...]:
    wanted = work / "requirements.in"
    asked = map(for_uv, definition.pip.requirements)
    wanted.write_text("\n".join([*index_options(definition), *asked]) + "\n")
    given = _python_packages(records)
    pinned = given
    pins = work / "conda.constraints.txt"
    made = work / "pylock.toml"
    version = str(python_in(records).version)
    while True:
        limits = [f"{name}=={version}" for name, version in pinned.items()]
        limits += map(for_uv, definition.pip.constraints)
        pins.write_text("".join(f"{one}\n" for one in limits))
        code, said = run(
            [
                *(uv, "pip", "compile", wanted.name, "--constraint", pins.name),
                *("--format", "pylock.toml"),
                *("--python-version", version, "--output-file", made.name, "--no-header"),
                *("--color", "never", "--quiet", "--preview-features", "pylock"),
                *("--only-binary", ":all:"),
                *(["--prerelease", "allow"] if definition.pip.pre else []),
            ],
            env=env,
            cwd=work,
        )
        if code == 0:
            break
        failed = ToolFailed("uv pip compile", said)
        # A build of conda's that is on no index is no conflict: it is left out of the question.
        unknown = missing_pins(failed, pinned)
        if not unknown:
            problem = explain_pip(failed, given, definition)
            raise BuildFailed.of(problem) if problem else failed
        pinned = {name: version for name, version in pinned.items() if name not in unknown}
    universal, _ = from_pylock(tomllib.loads(made.read_text()))
    return tuple(one for one in universal.packages if one.name not in given and one.files)


def _python_packages(records: Sequence[RepoDataRecord]) -> dict[str, str]:
    """conda's packages that are Python's, as far as their names and needs tell."""
    found: dict[str, str] = {}
    for record in records:
        if not any(re.match(r"python(_abi)?(\s|$)", spec) for spec in record.depends):
            continue
        try:
            Version(str(record.version))
        except InvalidVersion:
            continue
        found[canonicalize_name(record.name.normalized)] = str(record.version)
    return found
