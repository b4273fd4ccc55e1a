"""pyproject.toml: PEP 621, dependency groups (PEP 735), and what uv, Poetry and pixi add to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.requirements import parsed
from mlenv_jupyter.formats import pixi, poetry
from mlenv_jupyter.formats.outcome import finish, requires_python
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.requirement import read_requirement
from mlenv_jupyter.formats.requirements import read_line
from mlenv_jupyter.formats.toml_file import Toml, load
from mlenv_jupyter.formats.uv_settings import UvSettings
from mlenv_jupyter.formats.wanted import Wanted

NESTED_GROUPS = 20
_TOOLS = {"poetry", "pixi", "uv"}


def read(
    text: str,
    read_file: ReadFile | None = None,
    filename: str = "",
    *,
    extras: Collection[str] = (),
    groups: Collection[str] = (),
) -> Imported:
    """A project's dependencies, with the extras and groups that are asked for.

    Raises InvalidDefinition, with ``where`` as ``line N``, and TooLarge.
    """
    toml = load(text)
    notes = Notes()
    tools = toml.table("tool", notes)
    if not {"project", "dependency-groups"} & set(toml.data) and not _TOOLS & set(tools):
        raise invalid(
            0,
            "The file has no [project], and nothing else that names packages.",
            remedy="Import the file that has the dependencies.",
        )
    project = _Project(toml, notes, read_file, filename)
    project.wanted_extras = {canonicalize_name(one): one for one in extras}
    project.wanted_groups = {canonicalize_name(one): one for one in groups}
    more: dict[str, Any] = {}
    table = toml.table("project", notes)
    if "poetry" in tools and "dependencies" not in table:
        project.python = poetry.dependencies(toml, project.wanted, notes, project.wanted_groups)
        for one in tuple(project.wanted_groups):
            project.wanted_groups.pop(one)
    project.read()
    if "pixi" in tools:
        conda = pixi.manifest(toml, "tool.pixi", project.wanted, notes)
        more = conda.conda_arguments()
        project.python = conda.python or project.python
    project.unknown()
    name = table.get("name") or toml.table("tool.poetry", notes).get("name")
    return finish(
        "pyproject",
        project.wanted,
        notes,
        name=name if isinstance(name, str) else None,
        **{**more, "python": project.python, "torch_backend": project.settings.torch_backend},
    )


class _Project:
    """Collects the tables of one file."""

    def __init__(self, toml: Toml, notes: Notes, read_file: ReadFile | None, filename: str) -> None:
        self.toml = toml
        self.notes = notes
        self.read_file = read_file
        self.filename = filename
        self.wanted = Wanted(files={filename})
        self.settings = UvSettings(toml, "tool.uv", self.wanted, notes)
        self.python: str | None = None
        self.wanted_extras: dict[str, str] = {}
        self.wanted_groups: dict[str, str] = {}
        self.name = ""

    def read(self) -> None:
        toml, notes = self.toml, self.notes
        project = toml.table("project", notes)
        name = project.get("name")
        self.name = canonicalize_name(name) if isinstance(name, str) else ""
        python = project.get("requires-python")
        if isinstance(python, str):
            self.python = requires_python(python, toml.line(python, "requires-python"), notes)
        self.settings.read()
        self.add(project.get("dependencies"), "project.dependencies")
        self.dynamic(project.get("dynamic"))
        if self.name:
            notes.keep(
                toml.line(name, "name"),
                f"{name} itself is no part of it: run `%pip install -e .` in the kernel.",
            )
        optional = toml.table("project.optional-dependencies", notes)
        taken: set[str] = set()
        while todo := {str(one) for one in self.wanted_extras} - taken:
            taken |= todo
            for extra, lines in optional.items():
                if str(canonicalize_name(extra)) in todo:
                    self.add(lines, f"project.optional-dependencies.{extra}")
                    notes.take(f"extra {extra}")
        self.left("extra", optional, self.wanted_extras)
        groups = toml.table("dependency-groups", notes)
        for group in groups:
            if canonicalize_name(group) in self.wanted_groups:
                self.group(groups, group, ())
                notes.take(f"group {group}")
        self.left("group", groups, self.wanted_groups)
        for line in toml.texts(
            toml.table("tool.uv", notes).get("dev-dependencies"), "tool.uv.dev-dependencies", notes
        ):
            if "dev" in self.wanted_groups:
                self.requirement(line, "tool.uv.dev-dependencies")

    def left(self, word: str, table: dict[str, Any], asked: dict[str, str]) -> None:
        left = [one for one in table if canonicalize_name(one) not in asked]
        if left:
            many = "s" if left[1:] else ""
            self.notes.keep(
                self.toml.line("", left[0]),
                f"{word}{many} {', '.join(left)} not taken: ask with --{word} {left[0]}.",
            )

    def unknown(self) -> None:
        """Say which extras and groups there are not."""
        toml, notes = self.toml, self.notes
        for word, path, asked in (
            ("extra", "project.optional-dependencies", self.wanted_extras),
            ("group", "dependency-groups", self.wanted_groups),
        ):
            there = {str(canonicalize_name(one)) for one in toml.table(path, notes)}
            if path == "dependency-groups" and "dev-dependencies" in toml.table("tool.uv", notes):
                there.add("dev")
            for one in asked:
                if one not in there:
                    notes.fault(
                        path,
                        f"There is no {word} {asked[one][:80]!r}.",
                        remedy=f"There are {', '.join(sorted(there))}." if there else "",
                        code="not_found",
                    )

    def group(self, groups: dict[str, Any], name: str, seen: tuple[str, ...]) -> None:
        """The lines of a group, and of those that it includes."""
        if name in seen or len(seen) > NESTED_GROUPS:
            self.notes.fault(
                self.toml.line("", name), f"The group {name} includes itself.", code="invalid_file"
            )
            return
        lines = groups[name]
        if not isinstance(lines, list):
            self.notes.fault(
                self.toml.line("", name), f"The group {name} is not a list.", code="invalid_file"
            )
            return
        for line in lines:
            if isinstance(line, str):
                self.requirement(line, f"dependency-groups.{name}")
            elif isinstance(line, dict) and isinstance(line.get("include-group"), str):
                other = canonicalize_name(line["include-group"])
                found = next((one for one in groups if canonicalize_name(one) == other), None)
                if found is None:
                    self.notes.fault(
                        self.toml.line(line["include-group"], name),
                        f"There is no group {other[:80]!r}.",
                        code="not_found",
                    )
                else:
                    self.group(groups, found, (*seen, name))
            else:
                self.notes.fault(
                    self.toml.line("", name),
                    f"An entry of the group {name} is neither text nor an include-group.",
                    code="invalid_file",
                )

    def add(self, lines: object, path: str) -> None:
        for line in self.toml.texts(lines, path, self.notes):
            self.requirement(line, path)

    def requirement(self, line: str, path: str) -> None:
        """One requirement, from where uv is told to take it."""
        place = self.toml.line(line, path)
        try:
            made = parsed(line)
        except InvalidRequirement:
            read_requirement(place, line, self.wanted, self.notes)
            return
        if self.name and canonicalize_name(made.name) == self.name:
            # A project that asks for its own extras.
            for extra in made.extras:
                self.wanted_extras.setdefault(canonicalize_name(extra), extra)
            return
        self.settings.requirement(made, line, place)

    def dynamic(self, names: object) -> None:
        """What setuptools reads out of requirements files."""
        if "dependencies" not in (names if isinstance(names, list) else ()):
            return
        toml, notes = self.toml, self.notes
        found = toml.table("tool.setuptools.dynamic", notes).get("dependencies")
        files = found.get("file") if isinstance(found, dict) else None
        files = [files] if isinstance(files, str) else files
        line = toml.line("dependencies", "dynamic")
        if not files:
            notes.refuse(
                line,
                "The dependencies are made when the project is built.",
                "Export a requirements.txt from it, and import that.",
            )
            return
        for one in toml.texts(files, "tool.setuptools.dynamic.dependencies.file", notes):
            place = toml.line(one, "file")
            number = place if isinstance(place, int) else 0
            read_line(number, f"-r {one}", self.filename, self.wanted, notes, self.read_file)
