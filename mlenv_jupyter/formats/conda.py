"""Reading conda's environment.yml: name, channels, Python, conda and pip packages, variables."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import Any

from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.matchspec import Spec, parse
from mlenv_jupyter.formats.addresses import bare_channel, braced, has_secret
from mlenv_jupyter.formats.conda_spec import python_of
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, counted, invalid
from mlenv_jupyter.formats.requirements import Wanted, describe, read_line, without_comment
from mlenv_jupyter.formats.variables import add_variable
from mlenv_jupyter.formats.yaml_file import Items, Keys, Node, Text, load

_KNOWN = ("name", "channels", "dependencies", "variables")
_NOTED = {
    "prefix": "a place on one machine, which is not honoured.",
    "platforms": "every lock is for all platforms.",
}
LOGIN = "Log in to the channel where builds run."
TEMPLATE = "Fill in the template first, then import the result."


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """An environment file. Raises InvalidDefinition, with ``where`` as ``line N``, and TooLarge."""
    root = load(text)
    if not isinstance(root, Keys) or not ({"dependencies", "channels"} & set(root.items)):
        known = ", ".join(sorted(root.items)[:5]) if isinstance(root, Keys) else ""
        raise invalid(
            root.line,
            "The file is YAML, but no conda environment: it has no dependencies.",
            detail=f"It has {known}." if known else "",
            remedy="Add a list of dependencies, or import the file that has one.",
        )
    notes = Notes()
    name = root.get("name")
    if name is not None and not isinstance(name, Text):
        notes.fault(name.line, "The name is not text.", remedy="Write one word.")
        name = None
    conda = CondaFile(notes, read_file, filename)
    conda.read(root)
    notes.raise_faults()
    definition = Definition.create(**conda.arguments())
    describe(definition, notes)
    return Imported(
        format="conda",
        definition=definition,
        name=name.text if name else None,
        report=notes.report(),
        problems=tuple(notes.problems),
    )


@dataclass
class CondaFile:
    """Collects what an environment file says; what is wrong goes into ``notes``."""

    notes: Notes
    read_file: ReadFile | None = None
    filename: str = ""
    python: str | None = None
    channels: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=Wanted)
    _pip_itself: list[tuple[str, int | str]] = field(default_factory=list)
    _pythons: list[tuple[Spec, int | str]] = field(default_factory=list)

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``Definition.create``."""
        return {**self.wanted.arguments(), **self.conda_arguments()}

    def conda_arguments(self) -> dict[str, Any]:
        """Those of them that are not about pip."""
        return {
            "python": self.python,
            "conda_channels": self.channels,
            "conda_packages": self.packages,
            "variables": self.variables,
        }

    def read(self, root: Keys) -> None:
        """Everything but the name."""
        if self.filename:
            self.wanted.files.add(posixpath.normpath(self.filename))
        self._channels(root.get("channels"))
        self._dependencies(root.get("dependencies"))
        self._variables(root.get("variables"))
        self.settle()
        for key, value in root.items.items():
            if key not in _KNOWN:
                shown = f" {value.text[:200]}" if isinstance(value, Text) and value.text else ""
                why = _NOTED.get(key, "no key of an environment file.")
                self.notes.keep(root.lines[key], f"{key[:80]}{shown}: {why}")

    def settle(self) -> None:
        """Decide on Python and pip, once every package is known."""
        for python, place in self._pythons:
            self._python(python, place)
        for spec, place in self._pip_itself:
            # conda brings pip where there is a list for it; without conda uv does its work.
            if self.packages:
                if spec != "pip" or not self.wanted.requirements:
                    self.packages.append(spec)
            elif spec != "pip":
                self.notes.keep(place, f"{spec}: packages are installed with uv.")
        if self.packages:
            many = counted(len(self.packages), "conda package")
            self.notes.take(f"{many}: {', '.join(sorted(self.packages))}")

    def _channels(self, node: Node | None) -> None:
        for one in _entries(node):
            if not isinstance(one, Text) or not one.text or not one.text.strip():
                self.notes.fault(one.line, "A channel is not text.", remedy="Write its name.")
                continue
            self.channel(one.text.strip(), one.line)

    def channel(self, channel: str, line: int | str) -> None:
        """Add one channel, without what is secret in its address."""
        if "{{" in channel or "{%" in channel:
            self.notes.fault(line, f"{channel[:200]!r} is part of a template.", remedy=TEMPLATE)
            return
        channel = braced(channel)
        bare = bare_channel(channel)
        if found := REFERENCE.findall(bare):
            self.notes.keep(line, f"{' and '.join(found)} in {bare}: read where builds run.")
        if bare != channel:
            self.notes.refuse(
                line, f"The user, password or token of {bare} is left out.", LOGIN, "secret"
            )
        if bare not in self.channels:
            self.channels.append(bare)
            self.notes.take(f"channel {bare}")

    def _dependencies(self, node: Node | None) -> None:
        if isinstance(node, Keys) or (isinstance(node, Text) and node.text is not None):
            self.notes.fault(
                node.line, "The dependencies are not a list.", remedy="Begin each line with “- ”."
            )
            return
        for one in _entries(node):
            if isinstance(one, Text):
                if one.text:
                    self.package(one.text, one.line)
            elif isinstance(one, Keys):
                for key, value in one.items.items():
                    if key == "pip":
                        self._pip(value)
                    else:
                        self.notes.fault(
                            one.lines[key],
                            f"{key[:80]!r} is no kind of dependencies.",
                            remedy="Only pip has a list of its own.",
                        )
            else:
                self.notes.fault(one.line, "A dependency is a list.", remedy="Remove one “- ”.")

    def _pip(self, node: Node) -> None:
        for one in _entries(node):
            if not isinstance(one, Text):
                self.notes.fault(
                    one.line,
                    "A pip package is not text.",
                    remedy="Put the line in quotes if it has a colon in it.",
                )
                continue
            line = without_comment(one.text or "")
            if "\n" in line:
                self.notes.fault(
                    one.line, "A pip package has more than one line.", remedy="Write one a line."
                )
            elif line:
                read_line(one.line, line, self.filename, self.wanted, self.notes, self.read_file)

    def package(self, text: str, line: int | str) -> None:
        """Add one match spec; ``settle`` has to follow the last one."""
        if "{{" in text or "{%" in text:
            self.notes.fault(line, f"{text[:200]!r} is part of a template.", remedy=TEMPLATE)
            return
        spec = parse(text)
        if spec is None:
            self.notes.fault(
                line,
                f"{text[:200]!r} is not a conda package.",
                remedy="Write NAME, NAME=1.2 or NAME>=1,<2; one package a line.",
            )
        elif has_secret(spec.text) or (spec.channel and bare_channel(spec.channel) != spec.channel):
            self.notes.refuse(line, f"The address of {spec.name} has a secret in it.", LOGIN)
        elif spec.name == "python":
            self._pythons.append((spec, line))
        elif spec.name == "pip":
            self._pip_itself.append((spec.text, line))
        else:
            self.packages.append(spec.text)

    def _python(self, spec: Spec, line: int | str) -> None:
        found = python_of(spec.rest)
        if found is None:
            # Valid, and nothing that uv could give: conda may.
            self.packages.append(spec.text)
            self.notes.keep(line, f"{spec.text}: only conda can have such a Python.")
            return
        if self.python is None or (found.version and found.whole):
            self.python = found.version
        if found.version:
            self.notes.take(f"Python {found.version}")
        if self.packages and not (found.whole and spec.channel is None):
            # conda is there to honour all of it.
            self.packages.append(spec.text)
        elif found.note:
            self.notes.keep(line, f"{spec.text}: {found.note}.")

    def _variables(self, node: Node | None) -> None:
        if node is None or (isinstance(node, Text) and node.text is None):
            return
        if not isinstance(node, Keys):
            self.notes.fault(
                node.line,
                "The variables are not names and values.",
                remedy="Write NAME: value, one a line.",
                code="invalid_variable",
            )
            return
        for name, value in node.items.items():
            given = value.text if isinstance(value, Text) else None
            add_variable(name, given, node.lines[name], self.variables, self.notes)


def _entries(node: Node | None) -> list[Node]:
    if node is None or (isinstance(node, Text) and node.text is None):
        return []
    return node.items if isinstance(node, Items) else [node]
