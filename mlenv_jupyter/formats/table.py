"""The formats that mlenv reads, and how a file's own is found; ``written.py`` has the other way."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.formats.python_file import with_python
from mlenv_jupyter.formats.report import Imported, ReadFile, check_size, invalid

_FOREIGN = re.compile(r"setup\.(?:py|cfg)|gemfile|package(?:-lock)?\.json")
_DEPENDENCIES = re.compile(r"^dependencies:", re.MULTILINE)
_DEPENDENCY_LIST = re.compile(r"^(?:dependencies|channels):\s*(?:#.*)?$", re.MULTILINE)
_V2 = re.compile(r"^(?:\$schema:.*environment|conda_file:|image:|build:)", re.MULTILINE)
_MLFLOW = re.compile(r"^build_dependencies:", re.MULTILINE)
_CONDA_LOCK = re.compile(r"^package:\s*$", re.MULTILINE)
_PIXI_LOCK = re.compile(r"^environments:\s*$", re.MULTILINE)
_NBFORMAT = re.compile(r'"nbformat"\s*:\s*\d')
_OBJECT = re.compile(r"\s*\{\s*(?:[\"}]|$)")
_TABLE = re.compile(r"^\s*\[\[?[A-Za-z\"'][^\]\n]*\]\]?\s*(?:#.*)?$", re.MULTILINE)
_DOCKERFILE = re.compile(r"(?:.*[._-])?(?:dockerfile|containerfile)(?:[._-].*)?")
_FROM = re.compile(r"(?:\s*(?:#.*|ARG\s.*)?\n)*\s*FROM\s+\S+", re.IGNORECASE)
_DOTENV = re.compile(r"(?:.*\.)?env(?:\..*)?|.*[_-]env\.env")


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


def _is_notebook(file: str, text: str) -> bool:
    return file.endswith(".ipynb") or (_is_json(file, text) and _NBFORMAT.search(text) is not None)


def _is_toml(file: str, text: str) -> bool:
    return file.endswith(".toml") or (file.endswith(".lock") and _TABLE.search(text) is not None)


def _is_yaml(file: str, text: str) -> bool:
    return file.endswith((".yml", ".yaml")) or _DEPENDENCY_LIST.search(text) is not None


def _is_pipfile_lock(file: str, text: str) -> bool:
    return file.endswith("pipfile.lock") or (_is_json(file, text) and '"pipfile-spec"' in text)


def _is_v2(file: str, text: str) -> bool:
    return _is_yaml(file, text) and bool(_V2.search(text)) and not _DEPENDENCIES.search(text)


def _is_mlflow(file: str, text: str) -> bool:
    return _is_yaml(file, text) and (bool(_MLFLOW.search(text)) or file.endswith("python_env.yaml"))


def _is_script(file: str, text: str) -> bool:
    return file.endswith(".py") or re.search(r"^# /// script\s*$", text, re.MULTILINE) is not None


def _is_dockerfile(file: str, text: str) -> bool:
    return _DOCKERFILE.fullmatch(file) is not None or (
        not file.endswith((".txt", ".yml", ".yaml")) and _FROM.match(text) is not None
    )


def _is_list(_file: str, text: str) -> bool:
    return "conda create --name" in text[:2000] or "\n@EXPLICIT" in f"\n{text[:4000]}"


def _pixi_lock(file: str, text: str) -> bool:
    return file.endswith("pixi.lock") or (
        file.endswith((".yml", ".yaml", ".lock"))
        and bool(_PIXI_LOCK.search(text))
        and "\npackages:" in text
    )


FORMATS = (
    Format("azureml", _is_azureml, "azure_directory:read_json"),
    Format("notebook", _is_notebook, "script:read_notebook"),
    Format("pipfile-lock", _is_pipfile_lock, "pipfile:read_lock"),
    Format("pipfile", lambda file, _: file.endswith("pipfile"), "pipfile:read"),
    Format("json", _is_json, "json_file:read"),
    Format(
        "pylock",
        lambda file, text: (
            _is_toml(file, text) and re.search("^lock-version", text, re.M) is not None
        ),
        "pylock:read",
    ),
    Format("pixi-lock", _pixi_lock, "pixi:read_lock"),
    Format("poetry-lock", lambda file, _: file.endswith("poetry.lock"), "poetry:read_lock"),
    Format(
        "uv-lock",
        lambda file, text: _is_toml(file, text) and file.endswith(".lock"),
        "uv_lock:read",
    ),
    Format(
        "pixi",
        lambda file, text: (
            _is_toml(file, text)
            and (
                file.endswith("pixi.toml") or bool(re.search(r"^\[workspace\]", text, re.MULTILINE))
            )
        ),
        "pixi:read",
    ),
    Format("pyproject", _is_toml, "pyproject:read"),
    Format("mlproject", lambda file, _: file.endswith("mlproject"), "mlproject:read"),
    Format(
        "conda-lock",
        lambda file, text: _is_yaml(file, text) and _CONDA_LOCK.search(text) is not None,
        "conda_lock:read",
    ),
    Format("azureml-v2", _is_v2, "azure_v2:read"),
    Format("mlflow", _is_mlflow, "mlflow:read"),
    Format("conda", _is_yaml, "conda:read"),
    Format("script", _is_script, "script:read"),
    Format("dockerfile", _is_dockerfile, "dockerfile:read"),
    Format("dotenv", lambda file, _: _DOTENV.fullmatch(file) is not None, "dotenv:read"),
    Format("conda-list", _is_list, "conda_lock:read_list"),
    Format("requirements", lambda *_: True, "requirements:read"),
)
"""In the order in which they are tried; a file that is none of the others is requirements."""

_CHOOSING = ("pyproject",)
"""The formats that have extras and groups to choose from."""


def format_of(filename: str, text: str, form: str | None = None) -> Format:
    """The format of a file, or the one that is named; raises InvalidRequest, InvalidDefinition."""
    file = re.split(r"[/\\]", filename)[-1].lower()
    if form is not None:
        named = next((one for one in FORMATS if one.name == form), None)
        if named is None:
            raise InvalidRequest(
                f"{form!r} is not a format that mlenv reads.",
                where="format",
                remedy=f"Use {', '.join(one.name for one in FORMATS)}.",
            )
        return named
    if _FOREIGN.fullmatch(file):
        raise invalid(
            0,
            f"{file} is not read.",
            remedy="Export a requirements.txt from it, and import that.",
            code="unknown_format",
        )
    return next(one for one in FORMATS if one.matches(file, text))


def read_text(
    filename: str,
    text: str,
    read: ReadFile | None = None,
    *,
    form: str | None = None,
    **chosen: Any,
) -> Imported:
    """A file that people have, as a Definition and a report of what became of its lines.

    ``read`` gives the text of the files that it names, and of those that say which Python it is
    for, by their path beside it; None where there is none. ``form`` names the format where the
    file's name and content do not tell. ``chosen`` are the ``extras`` and ``groups`` of a project
    that are taken, too. Raises InvalidDefinition, with ``where`` as ``line N``, TooLarge, and
    InvalidRequest for a format that is not there.
    """
    text = check_size(text, filename)
    _require_text(text)
    found = format_of(filename, text, form)
    module, _, function = found.reader.partition(":")
    reader = getattr(import_module(f"mlenv_jupyter.formats.{module}"), function)
    asked = {key: value for key, value in chosen.items() if value}
    if asked and found.name not in _CHOOSING:
        raise InvalidRequest(
            f"A file of the format {found.name} has no {' and '.join(sorted(asked))} to choose.",
            where=sorted(asked)[0],
            remedy="Leave them out, or import the pyproject.toml.",
        )
    made: Imported = reader(text, read, re.split(r"[/\\]", filename)[-1], **asked)
    return with_python(made, read)


def _require_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid(0, "The file is not UTF-8 text.", remedy="Save it as UTF-8.") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise invalid(line, "The file is not text.", remedy="Save it as UTF-8 text.")
