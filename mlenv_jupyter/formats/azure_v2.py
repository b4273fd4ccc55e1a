"""Azure ML's environment files of the second command line, and the folders it publishes."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from mlenv_jupyter.core.sections import DEFAULT_DOCKERFILE, BuildContext, DockerSection
from mlenv_jupyter.formats.conda import TEMPLATE, CondaFile
from mlenv_jupyter.formats.dockerfile import read_context
from mlenv_jupyter.formats.outcome import finish
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, check_size, invalid
from mlenv_jupyter.formats.variables import add_variable
from mlenv_jupyter.formats.version import kept_version
from mlenv_jupyter.formats.yaml_file import Items, Keys, Node, Text, load

_READ = (
    *("$schema", "name", "version", "image", "conda_file", "build", "environment_variables"),
    *("type", "os_type"),
)
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.:-]+)\s*\}\}")


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """An environment: its image, conda file or build context. Raises InvalidDefinition."""
    return _read(text, read_file, filename, {})


def read_asset(read_file: ReadFile) -> Imported:
    """A folder as it is published: ``asset.yaml`` names the others, and fills them in.

    What stands for something outside of the folder, such as ``{{latest-image-tag}}``, is refused.
    """
    asset = _mapping(read_file("asset.yaml"), "asset.yaml")
    spec = _plain(asset.get("spec")) or "spec.yaml"
    more = _plain(asset.get("extra_config")) or "environment.yaml"
    image = _get(_mapping(read_file(more), more), "image")
    context = _get(image, "context")
    directory = _plain(_get(context, "dir"))
    known = {
        "asset.name": _plain(asset.get("name")),
        "asset.version": ""
        if _plain(asset.get("version")) == "auto"
        else _plain(asset.get("version")),
        "image.name": _plain(_get(image, "name")),
        "image.context.dir": directory,
        "image.context.path": directory,
        "image.dockerfile.path": _plain(_get(context, "dockerfile")) or DEFAULT_DOCKERFILE,
    }
    text = read_file(spec)
    if text is None:
        raise invalid("asset.yaml", f"{spec} is not there, which it names.")
    for name in _list(_get(context, "template_files")):
        path = posixpath.join(directory, name)
        _no_template(read_file(path), path)
    return _read(text, read_file, spec, {key: value for key, value in known.items() if value})


def _no_template(text: str | None, path: str) -> None:
    """Raise for a file of a build context that has to be filled in first."""
    for number, line in enumerate((text or "").splitlines(), 1):
        if "{{" in line or "{%" in line:
            raise invalid(
                f"{path} line {number}",
                f"{line.strip()[:200]!r} is part of a template.",
                remedy=TEMPLATE,
                code="template",
            )


def _read(text: str, read_file: ReadFile | None, filename: str, known: dict[str, str]) -> Imported:
    root = load(text)
    if not isinstance(root, Keys):
        raise invalid(root.line, "The file is no environment of Azure ML.")
    v2 = _Environment(root, read_file, filename, known)
    made = v2.arguments()
    return finish(
        "azureml-v2",
        v2.conda.wanted,
        v2.notes,
        name=v2.name or None,
        version=kept_version(v2.version, "version", v2.notes),
        **made,
    )


class _Environment:
    """Collects the keys of one file."""

    def __init__(
        self, root: Keys, read_file: ReadFile | None, filename: str, known: dict[str, str]
    ) -> None:
        self.root = root
        self.read_file = read_file or (lambda _: None)
        self.directory = posixpath.dirname(filename)
        self.known = known
        self.notes = Notes()
        self.conda = CondaFile(self.notes, read_file, filename)
        self.name = ""
        self.version = ""

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``Definition.create`` that are not about pip."""
        root, notes = self.root, self.notes
        self.name = self.text("name")
        self.version = self.text("version", must=False)
        image = self.text("image")
        docker = DockerSection(base_image=image) if image else None
        if image:
            notes.take(f"image {image}")
        if "build" in root.items:
            if image:
                notes.fault(root.lines["build"], "An image has one base: image or build.")
            docker = self.build(root.get("build"))
        has_conda = "conda_file" in root.items
        if has_conda:
            self.conda_file(root.get("conda_file"))
        variables = root.get("environment_variables")
        for name, value in variables.items.items() if isinstance(variables, Keys) else ():
            given = value.text if isinstance(value, Text) else None
            line = variables.lines[name] if isinstance(variables, Keys) else 0
            add_variable(name, given, line, self.conda.variables, notes)
        if self.text("os_type").lower() not in ("", "linux"):
            notes.refuse(root.lines["os_type"], "Images of Windows are not built.", "")
        for key in root.items:
            if key not in _READ:
                notes.keep(root.lines[key], f"{key} is not honoured.")
        return {
            **self.conda.conda_arguments(),
            "docker": docker,
            # Without a conda file the Python of the image is the one that is meant.
            "user_managed_dependencies": docker is not None and not has_conda,
        }

    def text(self, key: str, *, must: bool = True) -> str:
        """A value with what is known filled in; "" where there is none."""
        node = self.root.get(key)
        return self.filled(node, self.root.lines.get(key, 0), must=must)

    def filled(self, node: Node | None, line: int, *, must: bool = True) -> str:
        text = _plain(node)
        made = _PLACEHOLDER.sub(lambda it: self.known.get(it[1], it[0]), text)
        if "{{" in made or "{%" in made:
            if must:
                self.notes.fault(
                    line, f"{made[:200]!r} is part of a template.", remedy=TEMPLATE, code="template"
                )
            return ""
        if made != text:
            self.notes.keep(line, f"{text} stands for {made}.")
        return made

    def build(self, node: Node | None) -> DockerSection | None:
        if not isinstance(node, Keys):
            self.notes.fault(self.root.lines["build"], "build is no mapping with a path.")
            return None
        place = self.filled(node.get("path"), node.lines.get("path", node.line))
        path = self.filled(
            node.get("dockerfile_path"), node.lines.get("dockerfile_path", node.line)
        )
        path = path or DEFAULT_DOCKERFILE
        location = posixpath.normpath(posixpath.join(self.directory, place or "."))
        if "://" in place:
            location = place
        text = self.read_file(posixpath.join(location, path))
        if text is None:
            self.notes.keep(
                node.line, f"{posixpath.join(location, path)} is not here: only its place is taken."
            )
            return DockerSection(
                build_context=BuildContext(location=location, dockerfile_path=path)
            )
        return read_context(text, location, path, self.notes)

    def conda_file(self, node: Node | None) -> None:
        line = self.root.lines["conda_file"]
        if isinstance(node, Keys):
            self.conda.read(node)
            return
        place = self.filled(node, line).removeprefix("file:")
        if not place:
            return
        path = posixpath.normpath(posixpath.join(self.directory, place))
        text = self.read_file(path)
        if text is None:
            self.notes.refuse(
                line, f"The conda file {place} is not there.", "Import it beside that file."
            )
            return
        inner = load(check_size(text, path))
        if not isinstance(inner, Keys):
            self.notes.fault(line, f"{place} is no conda environment.", code="invalid_file")
            return
        self.conda.notes = self.notes.inside(path)
        self.conda.filename = path
        self.conda.read(inner)


def _mapping(text: str | None, file: str) -> Keys:
    root = load(check_size(text, file)) if text is not None else None
    if not isinstance(root, Keys):
        raise invalid(file, f"{file} is not there, or no mapping.")
    return root


def _get(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Keys) else None


def _list(node: Node | None) -> list[str]:
    return [_plain(one) for one in node.items] if isinstance(node, Items) else []


def _plain(node: Node | None) -> str:
    if isinstance(node, Items):
        node = node.items[0] if node.items else None
    return (node.text or "").strip() if isinstance(node, Text) else ""
