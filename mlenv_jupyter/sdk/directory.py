"""An Environment as the files of the seed's directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.formats import azure_directory
from mlenv_jupyter.formats import azure_directory_out as seed
from mlenv_jupyter.sdk.checked import Variables, warn
from mlenv_jupyter.sdk.conda_dependencies import CondaDependencies
from mlenv_jupyter.sdk.files import beside, text_of
from mlenv_jupyter.sdk.lines import wheel_line, wheel_of

if TYPE_CHECKING:
    from mlenv_jupyter.sdk.environment import Environment


def save(environment: Environment, path: Path, *, overwrite: bool) -> None:
    """Write the files. Raises Conflict, Unavailable, InvalidDefinition."""
    files = _files(environment)
    dependencies = environment.python.conda_dependencies
    if dependencies is None:
        del files[seed.CONDA]
    else:
        # In its own order and with its comments, which a Definition does not have; a wheel of the
        # workspace is in the JSON file.
        plain = dependencies.copy()
        for line in list(plain.pip_packages):
            if wheel_of(line):
                plain.remove_pip_package(line)
        files[seed.CONDA] = plain.serialize_to_string()
    if path.exists() and not overwrite:
        raise Conflict(
            f"{path} is there already.",
            where="path",
            remedy="Choose another directory, or say overwrite=True.",
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (path / name).write_text(text, encoding="utf-8")
        for name in {seed.CONDA, seed.DOCKERFILE} - files.keys():
            # What is left of an earlier one would be read as part of this one.
            (path / name).unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.", where="path") from error


def load(path: Path) -> Environment:
    """Read the files. Raises NotFound, InvalidDefinition; warns of what is left out."""
    from mlenv_jupyter.sdk.environment import Environment

    if not (path / seed.JSON).is_file():
        raise NotFound(f"There is no {seed.JSON} in {path}.", where="path")
    read = azure_directory.read_json(text_of(path / seed.JSON), beside(path))
    for one in read.report.refused:
        warn(f"Left out: {one}")
    made = Environment.from_definition(read.name or "environment", read.definition, read.version)
    made.asset_id = read.definition.asset_id
    if (path / seed.CONDA).is_file():
        dependencies = CondaDependencies(path / seed.CONDA)
        for wheel in read.definition.wheels:
            dependencies.add_pip_package(wheel_line(wheel))
        made.python.conda_dependencies = dependencies
        # Those of the conda file stay in it.
        there = dependencies.as_dict().get("variables") or {}
        variables = made.environment_variables.items()
        made.environment_variables = Variables(
            {name: one for name, one in variables if str(there.get(name)) != one}
        )
    return made


def _files(environment: Environment) -> dict[str, str]:
    definition = msgspec.structs.replace(
        environment.definition, variables=dict(environment.environment_variables)
    )
    return seed.write(environment.name, environment.version, definition)


def as_json(environment: Environment) -> str:
    """The JSON file with what the other files have inside of it, its keys sorted."""
    files = _files(environment)
    data = json.loads(files[seed.JSON])
    dependencies = environment.python.conda_dependencies
    data["python"]["condaDependencies"] = dependencies and dependencies.as_dict()
    data["docker"]["baseDockerfile"] = files.get(seed.DOCKERFILE)
    return json.dumps(data, indent=4, sort_keys=True)
