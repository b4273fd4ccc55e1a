"""Whole directories: which of their files say what the environment is."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from mlenv_jupyter.core.sections import DEFAULT_DOCKERFILE
from mlenv_jupyter.formats import azure_directory_out, azure_v2, conda
from mlenv_jupyter.formats.dockerfile import read_context
from mlenv_jupyter.formats.outcome import finish
from mlenv_jupyter.formats.piplines import lines
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, check_size, invalid
from mlenv_jupyter.formats.requirements import read_line
from mlenv_jupyter.formats.table import format_of, read_text
from mlenv_jupyter.formats.wanted import Wanted
from mlenv_jupyter.formats.yaml_file import Keys, load

DIRECTORIES = ("azureml", "repo2docker", "build-context")
BINDER = ("binder", ".binder")
_SINGLE = (
    *("MLproject", "python_env.yaml", "pixi.lock", "pixi.toml", "pylock.toml", "conda-lock.yml"),
)
_AFTER = ("environment.yml", "environment.yaml", "conda.yaml", "conda.yml", "requirements.txt")
_PROJECT = (
    *("pyproject.toml", "uv.lock", "poetry.lock", "requirements.in"),
    *("Pipfile.lock", "Pipfile"),
)
_REPO2DOCKER = (
    *("runtime.txt", "apt.txt", "postBuild", "start", "install.R", "Project.toml", "default.nix"),
    *("environment.yml", "requirements.txt", "setup.py", "Pipfile", "Pipfile.lock"),
)
_LEFT = {
    "apt.txt": "Debian packages are not installed: they need an image. Put them in a Dockerfile.",
    "postBuild": "it is not run: a Version is what its Definition says. Run it in the kernel.",
    "start": "it is not run. Set variables instead.",
    "install.R": "R packages are not installed. Ask conda for r-… packages.",
    "DESCRIPTION": "R packages are not installed. Ask conda for r-… packages.",
    "Project.toml": "Julia packages are not installed.",
    "REQUIRE": "Julia packages are not installed.",
    "default.nix": "Nix is not used.",
    "Pipfile": "not read here: import it by its name.",
    "Pipfile.lock": "not read here: import it by its name.",
    "setup.py": "the project itself is not installed. Run `%pip install -e .` in the kernel.",
}
_PYTHON = re.compile(r"python-(3\.\d{1,2}(?:\.\d{1,3})?)")


def read_directory(
    names: Collection[str],
    read: ReadFile,
    *,
    location: str = ".",
    form: str | None = None,
    **chosen: Any,
) -> Imported:
    """A directory, as the paths of its files and a function that reads one of them.

    ``location`` is where a build context would be found. The formats that are directories come
    first, then repo2docker's order (https://repo2docker.readthedocs.io), then locks and projects.
    Raises InvalidDefinition, TooLarge.
    """
    there = frozenset(names)
    if form is not None and form not in DIRECTORIES:
        return read_text(
            found := _file_of(form, there), _text(read, found), read, form=form, **chosen
        )
    if azure_directory_out.JSON in there:
        return read_text(azure_directory_out.JSON, _text(read, azure_directory_out.JSON), read)
    if "asset.yaml" in there:
        return azure_v2.read_asset(read)
    if azure_directory_out.CONDA in there:
        return read_text(azure_directory_out.CONDA, _text(read, azure_directory_out.CONDA), read)
    if form == "build-context":
        return _context(read, location, DEFAULT_DOCKERFILE)
    folder = next((one for one in BINDER if any(name.startswith(f"{one}/") for name in there)), "")
    if (
        form == "repo2docker"
        or folder
        or there & {"runtime.txt", "apt.txt", "postBuild", "install.R"}
    ):
        return _Repo2docker(there, read, folder, location).read()
    if DEFAULT_DOCKERFILE in there and not there & {*_SINGLE, *_AFTER, *_PROJECT}:
        return _context(read, location, DEFAULT_DOCKERFILE)
    for one in (*_SINGLE, *_AFTER, *_PROJECT):
        if one in there:
            return read_text(one, _text(read, one), read, **chosen)
    if DEFAULT_DOCKERFILE in there:
        return _context(read, location, DEFAULT_DOCKERFILE)
    raise invalid(
        0,
        "The directory has no file that describes an environment.",
        detail=f"It has {', '.join(sorted(there)[:8])}." if there else "It is empty.",
        remedy="Import the file itself, or one of environment.yml, requirements.txt, "
        "pyproject.toml, Dockerfile.",
    )


def _file_of(form: str, names: Collection[str]) -> str:
    """The file that most likely has a format, out of those of a directory."""
    order = (*_SINGLE, *_AFTER, *_PROJECT, DEFAULT_DOCKERFILE, ".env", azure_directory_out.JSON)
    for one in (*order, *sorted(set(names) - set(order))):
        if one in names and "/" not in one and _has_form(one, form):
            return one
    raise invalid(0, f"The directory has no file of the format {form}.")


def _has_form(name: str, form: str) -> bool:
    return format_of(name, "").name == form or (form == "pylock" and name.startswith("pylock"))


def _text(read: ReadFile, name: str) -> str:
    text = read(name)
    if text is None:
        raise invalid(name, f"{name} cannot be read.")
    return check_size(text, name)


def _context(read: ReadFile, location: str, path: str) -> Imported:
    notes = Notes()
    docker = read_context(_text(read, path), location, path, notes)
    return finish("build-context", Wanted(), notes, docker=docker, user_managed_dependencies=True)


class _Repo2docker:
    """The files that repo2docker honours, in a folder of their own or beside the notebooks."""

    def __init__(self, names: Collection[str], read: ReadFile, folder: str, location: str) -> None:
        self.names = names
        self.folder = folder
        self.location = location
        self.read_file = read
        self.notes = Notes()
        self.wanted = Wanted()
        self.conda = conda.CondaFile(self.notes, self.inside, wanted=self.wanted)
        self.name: str | None = None

    def inside(self, name: str) -> str | None:
        return self.read_file(f"{self.folder}/{name}" if self.folder else name)

    def read(self) -> Imported:
        if (text := self.inside(DEFAULT_DOCKERFILE)) is not None:
            path = f"{self.folder}/{DEFAULT_DOCKERFILE}" if self.folder else DEFAULT_DOCKERFILE
            docker = read_context(check_size(text, path), self.location, path, self.notes)
            self.left("of repo2docker, which takes the Dockerfile alone")
            return finish(
                "repo2docker",
                self.wanted,
                self.notes,
                docker=docker,
                user_managed_dependencies=True,
            )
        python = self.runtime()
        found = next((one for one in ("environment.yml", "environment.yaml") if self.has(one)), "")
        if found:
            root = load(check_size(self.inside(found) or "", found))
            if not isinstance(root, Keys):
                raise invalid(root.line, f"{found} is no conda environment.")
            self.conda.filename = found
            self.conda.read(root)
            name = root.get("name")
            self.name = getattr(name, "text", None)
            if self.has("requirements.txt"):
                self.notes.keep("requirements.txt", "not read beside an environment.yml.")
        elif self.has("requirements.txt"):
            self.requirements("requirements.txt")
        elif not self.folder and "pyproject.toml" in self.names:
            self.notes.keep("pyproject.toml", "not read here: import it by its name.")
        self.left("")
        made = self.conda.conda_arguments()
        return finish(
            "repo2docker",
            self.wanted,
            self.notes,
            name=self.name,
            **{**made, "python": made["python"] or python},
        )

    def has(self, name: str) -> bool:
        return self.inside(name) is not None

    def requirements(self, name: str) -> None:
        self.wanted.files.add(name)
        notes = self.notes.inside(name)
        for number, line in lines(check_size(self.inside(name) or "", name)):
            read_line(number, line, name, self.wanted, notes, self.inside)

    def runtime(self) -> str | None:
        text = (self.inside("runtime.txt") or "").strip()
        if not text:
            return None
        found = _PYTHON.fullmatch(text)
        if found is None:
            if text.startswith("r-"):
                self.notes.keep(
                    "runtime.txt", f"{text[:80]}: R is not installed. Ask conda for it."
                )
            else:
                self.notes.fault(
                    "runtime.txt",
                    f"{text[:80]!r} is no Python that mlenv can use.",
                    remedy="Write python-3.11.",
                    code="invalid_python",
                )
            return None
        self.notes.take(f"Python {found[1]}")
        return found[1]

    def left(self, why: str) -> None:
        for name in (*_LEFT, "runtime.txt", "environment.yml", "requirements.txt"):
            if not self.has(name):
                continue
            if why:
                self.notes.keep(name, why)
            elif name == "apt.txt":
                packages = [
                    one
                    for one in (self.inside(name) or "").split("\n")
                    if one.strip()[:1] not in ("", "#")
                ]
                self.notes.keep(name, f"{', '.join(map(str.strip, packages))}: {_LEFT[name]}")
            elif name in _LEFT:
                self.notes.keep(name, _LEFT[name])
