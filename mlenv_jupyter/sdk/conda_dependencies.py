"""CondaDependencies: what conda and pip are asked for, as the conda file that it is saved as."""

from __future__ import annotations

import copy
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.sdk.checked import invalid
from mlenv_jupyter.sdk.conda_text import (
    PIP,
    clean_line,
    dump,
    exact_version,
    flag_of,
    load,
    remove_item,
    spec_name,
)
from mlenv_jupyter.sdk.files import text_of
from mlenv_jupyter.sdk.lines import check_option, check_package, merged, package_of

PYTHON = "python"
_HEAD = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs with userManagedDependencies=False.

name: project_environment
dependencies:
- python={python}
"""
# Options of pip that may be given more than once; a second one of any other replaces the first.
_REPEATED = frozenset(
    (
        *("--extra-index-url", "--find-links", "-f", "--trusted-host"),
        *("-r", "--requirement", "-c", "--constraint", "-e", "--editable"),
        *("--no-binary", "--only-binary"),
    )
)


class CondaDependencies:
    """Conda and pip packages, channels and options; begins with nothing but a Python.

    Comments and the order of a file that is loaded are kept when it is saved.
    """

    def __init__(
        self,
        conda_dependencies_file_path: str | os.PathLike[str] | None = None,
        _underlying_structure: Mapping[str, Any] | None = None,
    ) -> None:
        self._directory = Path()
        if conda_dependencies_file_path is not None:
            path = Path(conda_dependencies_file_path)
            self._directory = path.parent
            self._data = load(text_of(path))
        elif _underlying_structure is not None:
            self._data = load(dump(dict(_underlying_structure)))
        else:
            python = f"{sys.version_info.major}.{sys.version_info.minor}"
            self._data = load(_HEAD.format(python=python))

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Iterable[str] | None = None,
        conda_packages: Iterable[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """New dependencies with these packages. ``pin_sdk_version`` has no effect."""
        del pin_sdk_version
        made = CondaDependencies()
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        if python_version is not None:
            made.set_python_version(python_version)
        for package in pip_packages or ():
            made.add_pip_package(package)
        for package in conda_packages or ():
            made.add_conda_package(package)
        return made

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """Requirements, those of one package put together: ``a>1`` and ``a<2`` are ``a>1,<2``."""
        return merged(requirements)

    # Channels.

    @property
    def conda_channels(self) -> Iterator[str]:
        """The channels in order; a copy."""
        return iter([str(one) for one in self._data.get("channels") or ()])

    def add_channel(self, channel: str) -> None:
        """Look in one more channel, after those that are there."""
        from mlenv_jupyter.core.checks import check_channels
        from mlenv_jupyter.sdk.checked import check

        check(check_channels([channel]))
        if channel not in list(self.conda_channels):
            self._list("channels").append(channel)

    def remove_channel(self, channel: str) -> None:
        """Look no longer there; nothing happens where it is no channel of these."""
        if channel in list(self.conda_channels):
            remove_item(self._data["channels"], channel)

    # Conda packages.

    @property
    def conda_packages(self) -> Iterator[str]:
        """The conda packages, Python among them; a copy."""
        found = self._data.get("dependencies") or ()
        return iter([str(one) for one in found if not isinstance(one, dict)])

    def add_conda_package(self, conda_package: str) -> None:
        """Ask conda for a package; one of the same name is replaced."""
        name = spec_name(conda_package)
        if name == PYTHON:
            version = exact_version(conda_package)
            if version is not None:
                self.set_python_version(version)
                return
            self._set_python(conda_package)
            return
        if conda_package in list(self.conda_packages):
            return
        self._drop_conda(name)
        self._list("dependencies").append(conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Ask conda for it no longer; a name alone is enough. Python cannot be removed."""
        name = spec_name(conda_package)
        if name == PYTHON:
            raise InvalidRequest(
                "Python cannot be removed from the dependencies.",
                where="conda_package",
                remedy="Choose another with set_python_version().",
            )
        there = list(self.conda_packages)
        if conda_package in there:
            remove_item(self._data["dependencies"], conda_package)
        elif conda_package.strip().lower() == name:
            self._drop_conda(name)

    def get_python_version(self) -> str | None:
        """The version of Python where one is named, else None."""
        for one in self.conda_packages:
            if spec_name(one, strict=False) == PYTHON:
                return exact_version(one)
        return None

    def set_python_version(self, version: str) -> None:
        """Have this Python: ``3.11``, or ``3.11.7`` for an exact one."""
        if not isinstance(version, str) or not re.fullmatch(r"\d+(\.\d+){0,2}", version):
            raise invalid(
                "python_version",
                f"{version!r} is not a Python version.",
                "Write 3.11, or 3.11.7 for an exact one.",
            )
        if self.get_python_version() != version:
            self._set_python(f"{PYTHON}={version}")

    # pip packages and options.

    @property
    def pip_packages(self) -> Iterator[str]:
        """The pip packages, without options; a copy."""
        return iter([one for one in self._pip() if not one.startswith("-")])

    @property
    def pip_options(self) -> Iterator[str]:
        """The options of pip; a copy."""
        return iter([one for one in self._pip() if one.startswith("-")])

    def add_pip_package(self, pip_package: str) -> None:
        """Ask pip for a package; one of the same name is replaced, and comes last."""
        check_package(pip_package)
        self.remove_pip_package(pip_package)
        self._pip_list().append(pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Ask pip for it no longer; its version need not be named."""
        if pip_package.startswith("-"):
            raise invalid("pip_package", f"{pip_package!r} is an option, not a package.")
        name = package_of(pip_package)
        for one in self._pip():
            if not one.startswith("-") and package_of(one) == name:
                remove_item(self._pip_list(), one)

    def set_pip_option(self, pip_option: str) -> None:
        """Give pip an option; one that pip takes once is replaced."""
        check_option(pip_option)
        flag = flag_of(pip_option)
        options = self._pip_list()
        if pip_option in options:
            return
        same = [
            number
            for number, one in enumerate(options)
            if one.startswith("-") and flag_of(one) == flag and flag not in _REPEATED
        ]
        if same:
            options[same[0]] = pip_option
        else:
            options.append(pip_option)

    def remove_pip_option(self, pip_option: str) -> None:
        """Give pip an option no longer; its value need not be named."""
        if not pip_option.startswith("-"):
            raise invalid("pip_option", f"{pip_option!r} is not an option of pip.")
        for one in list(self.pip_options):
            if one == pip_option or (" " not in pip_option and flag_of(one) == pip_option):
                remove_item(self._pip_list(), one)

    def set_pip_index_url(self, index_url: str) -> None:
        """Let pip look there; an address, or the whole option ``--index-url …``."""
        option = index_url if index_url.startswith("-") else f"--index-url {index_url}"
        self.set_pip_option(option)

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replace everything that pip is asked for, options included."""
        if isinstance(pip_requirements, str):
            raise invalid("pip_requirements", "The requirements are one text, not a list of them.")
        lines = [clean for line in pip_requirements if (clean := clean_line(line)) is not None]
        self._pip_list()[:] = lines

    # As text.

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the conda file; returns its path. Raises InvalidRequest."""
        place = Path(path)
        if place.is_dir() or not place.parent.is_dir():
            what = "is a directory" if place.is_dir() else "is in no directory that is there"
            raise InvalidRequest(f"{place} {what}.", where="path", remedy="Name a file.")
        place.write_text(self.serialize_to_string(), encoding="utf-8")
        return str(path).replace("\\", "/")

    def save_to_file(
        self, base_directory: str | os.PathLike[str], conda_file_path: str | None = None
    ) -> str:
        """``save`` below a directory; returns the path from there."""
        name = conda_file_path or "conda_dependencies.yml"
        self.save(Path(base_directory) / name)
        return name.replace("\\", "/")

    def serialize_to_string(self) -> str:
        """The conda file as text."""
        return dump(self._data)

    def as_dict(self) -> dict[str, Any]:
        """The conda file as a plain mapping; a copy."""
        made: dict[str, Any] = json.loads(json.dumps(self._data, default=str))
        return made

    def copy(self) -> CondaDependencies:
        """The same again, comments and order too, to be changed on its own."""
        made = CondaDependencies.__new__(CondaDependencies)
        made._data = copy.deepcopy(self._data)
        made._directory = self._directory
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and other.as_dict() == self.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"CondaDependencies({self.as_dict()!r})"

    # Inside.

    def _list(self, key: str) -> Any:
        if not self._data.get(key):
            self._data[key] = []
        return self._data[key]

    def _pip(self) -> list[str]:
        """Every line for pip, options too."""
        for one in self._data.get("dependencies") or ():
            if isinstance(one, dict) and PIP in one:
                return [str(line) for line in one[PIP] or ()]
        return []

    def _pip_list(self) -> Any:
        """The list itself, made where there is none."""
        for one in self._list("dependencies"):
            if isinstance(one, dict) and PIP in one:
                if one[PIP] is None:
                    one[PIP] = []
                return one[PIP]
        self._list("dependencies").append({PIP: []})
        return self._data["dependencies"][-1][PIP]

    def _drop_conda(self, name: str) -> None:
        for one in list(self.conda_packages):
            if spec_name(one, strict=False) == name:
                remove_item(self._data["dependencies"], one)

    def _set_python(self, spec: str) -> None:
        dependencies = self._list("dependencies")
        for number, one in enumerate(dependencies):
            if isinstance(one, str) and spec_name(one, strict=False) == PYTHON:
                # In its place, so that the comment before it stays where it is.
                dependencies[number] = spec
                return
        dependencies.append(spec)
