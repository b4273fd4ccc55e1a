"""MLflow's python_env.yaml: a Python and requirement lines."""

from __future__ import annotations

from mlenv_jupyter.core.checks import check_python
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.requirements import Wanted, describe, read_line, without_comment
from mlenv_jupyter.formats.yaml_file import Items, Keys, Text, load


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """A python_env.yaml. Raises InvalidDefinition, with ``where`` as ``line N``, and TooLarge."""
    root = load(text)
    if not isinstance(root, Keys):
        raise invalid(root.line, "The file is no Python environment of MLflow.")
    notes, wanted = Notes(), Wanted()
    node = root.get("python")
    python = node.text if isinstance(node, Text) else None
    if python and not notes.adopt(check_python(python), root.lines["python"]):
        notes.take(f"Python {python}")
    node = root.get("dependencies")
    if node is not None and not isinstance(node, Items):
        notes.fault(node.line, "The dependencies are not a list.")
    for one in node.items if isinstance(node, Items) else []:
        line = without_comment(one.text or "") if isinstance(one, Text) else "\n"
        if "\n" in line:
            notes.fault(one.line, "A dependency is not one line of text.")
        elif line:
            read_line(one.line, line, filename, wanted, notes, read_file)
    for key in root.items:
        if key not in ("python", "dependencies"):
            notes.keep(root.lines[key], f"{key}: wheels are made with what each package asks for.")
    notes.raise_faults()
    definition = Definition.create(python or None, **wanted.arguments())
    describe(definition, notes)
    return Imported(
        format="mlflow",
        definition=definition,
        report=notes.report(),
        problems=tuple(notes.problems),
    )
