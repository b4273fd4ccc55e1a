"""The formats that mlenv reads and writes, and how a file's own is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.formats.report import Imported, ReadFile, check_size, invalid

_FOREIGN = re.compile(
    r"(?P<project>pyproject\.toml|setup\.(?:py|cfg)|pipfile(?:\.lock)?|poetry\.lock|uv\.lock"
    r"|pylock(?:\.[^.]+)?\.toml|conda-lock\.ya?ml|pixi\.(?:toml|lock))"
    r"|(?P<docker>(?:.*\.)?dockerfile(?:\..*)?|containerfile)|(?P<notebook>.*\.ipynb)"
)
_FOREIGN_REMEDY = {
    "project": "Export a requirements.txt from it, and import that.",
    "docker": "Import the requirements or conda file that it copies.",
    "notebook": "Import the requirements or conda file beside it.",
}
_DEPENDENCIES = re.compile(r"^dependencies:", re.MULTILINE)
_DEPENDENCY_LIST = re.compile(r"^dependencies:\s*(?:#.*)?$", re.MULTILINE)
_V2 = re.compile(r"^(?:\$schema:.*environment|conda_file:|image:|build:)", re.MULTILINE)
_MLFLOW = re.compile(r"^build_dependencies:", re.MULTILINE)
_OBJECT = re.compile(r"\s*\{\s*(?:[\"}]|$)")


class Format(NamedTuple):
    """One format: whether a file (its name in lower case, its text) has it, and who reads it.

    ``reader`` is ``module:function`` in this package: ``(text, read, filename) -> Imported``.
    """

    name: str
    matches: Callable[[str, str], bool]
    reader: str


def _is_json(file: str, text: str) -> bool:
    return file.endswith(".json") or _OBJECT.match(text) is not None


def _is_azureml(file: str, text: str) -> bool:
    return file == "azureml_environment.json" or (
        _is_json(file, text) and '"userManagedDependencies"' in text
    )


def _is_yaml(file: str, text: str) -> bool:
    return file.endswith((".yml", ".yaml")) or _DEPENDENCY_LIST.search(text) is not None


def _is_v2(file: str, text: str) -> bool:
    return _is_yaml(file, text) and bool(_V2.search(text)) and not _DEPENDENCIES.search(text)


def _is_mlflow(file: str, text: str) -> bool:
    return _is_yaml(file, text) and (bool(_MLFLOW.search(text)) or file == "python_env.yaml")


FORMATS = (
    Format("azureml", _is_azureml, "azure_directory:read_json"),
    Format("json", _is_json, "json_file:read"),
    Format("azureml-v2", _is_v2, "azure_v2:read"),
    Format("mlflow", _is_mlflow, "mlflow:read"),
    Format("conda", _is_yaml, "conda:read"),
    Format("requirements", lambda *_: True, "requirements:read"),
)
"""In the order in which they are tried; a file that is none of the others is requirements."""

_WRITERS = {"requirements": "requirements_out", "conda": "conda_out", "json": "json_file"}


def read_text(filename: str, text: str, read: ReadFile | None = None) -> Imported:
    """A file that people have, as a Definition and a report of what became of its lines.

    ``read`` gives the text of the files that it names, by their path beside it; None where there
    is none. Raises InvalidDefinition, with ``where`` as ``line N``, and TooLarge.
    """
    text = check_size(text, filename)
    file = re.split(r"[/\\]", filename)[-1]
    _require_text(text)
    foreign = _FOREIGN.fullmatch(file.lower())
    if foreign is not None:
        raise invalid(
            0,
            f"{file} is not read yet.",
            remedy=_FOREIGN_REMEDY[str(foreign.lastgroup)],
            code="unknown_format",
        )
    found = next(one for one in FORMATS if one.matches(file.lower(), text))
    module, _, function = found.reader.partition(":")
    made: Imported = getattr(import_module(f"mlenv_jupyter.formats.{module}"), function)(
        text, read, file
    )
    return made


def write(form: str, version: Version) -> str:
    """A version as a file that other tools read: ``requirements``, ``conda`` or ``json``."""
    return write_definition(
        form, version.definition or Definition(), name=version.name, packages=version.packages
    )


def write_definition(
    form: str,
    definition: Definition,
    *,
    name: str = "",
    packages: Sequence[LockedPackage] | None = None,
) -> str:
    """A Definition as a file; ``requirements`` is pinned where ``packages`` are known.

    Raises InvalidRequest for a format that is not there.
    """
    if form not in _WRITERS:
        raise InvalidRequest(
            f"{form!r} is not a format that mlenv writes.",
            where="format",
            remedy="Use requirements, conda or json.",
        )
    module = import_module(f"mlenv_jupyter.formats.{_WRITERS[form]}")
    return str(module.write(definition, name=name, packages=packages))


def _require_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid(0, "The file is not UTF-8 text.", remedy="Save it as UTF-8.") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise invalid(line, "The file is not text.", remedy="Save it as UTF-8 text.")
