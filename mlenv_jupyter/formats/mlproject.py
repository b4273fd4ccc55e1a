"""MLflow's MLproject: the environment that it names."""

from __future__ import annotations

from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.formats import conda, mlflow
from mlenv_jupyter.formats.outcome import finish
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, check_size, invalid
from mlenv_jupyter.formats.variables import add_variable
from mlenv_jupyter.formats.wanted import Wanted
from mlenv_jupyter.formats.yaml_file import Items, Keys, Node, Text, load


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """A project: its conda, Python or docker environment. Raises InvalidDefinition."""
    root = load(text)
    if not isinstance(root, Keys):
        raise invalid(root.line, "The file is no project of MLflow.")
    name = _text(root.get("name")) or None
    for key, reader in (("python_env", mlflow.read), ("conda_env", conda.read)):
        if key not in root.items:
            continue
        place = _text(root.get(key))
        found = read_file(place) if read_file is not None and place else None
        if found is None:
            raise invalid(
                root.lines[key],
                f"{place or key} is not there.",
                remedy="Import the directory, or that file.",
            )
        made = reader(check_size(found, place), read_file, place)
        return _named(made, name)
    notes = Notes()
    docker = root.get("docker_env")
    if not isinstance(docker, Keys):
        raise invalid(
            root.line,
            "The project names no environment.",
            remedy="Give it a python_env, conda_env or docker_env.",
        )
    image = _text(docker.get("image"))
    notes.take(f"image {image}")
    variables: dict[str, str] = {}
    environment = docker.get("environment")
    for one in environment.items if isinstance(environment, Items) else []:
        if isinstance(one, Items) and len(one.items) == 2:
            key, value = map(_text, one.items)
            add_variable(key, value, one.line, variables, notes)
        else:
            notes.keep(one.line, f"{_text(one)} is taken from where it runs.")
    if "volumes" in docker.items:
        notes.keep(docker.lines["volumes"], "volumes are not honoured.")
    return finish(
        "mlproject",
        Wanted(),
        notes,
        name=name,
        docker=DockerSection(base_image=image or None),
        variables=variables,
        user_managed_dependencies=True,
    )


def _named(made: Imported, name: str | None) -> Imported:
    return Imported(
        format="mlproject",
        definition=made.definition,
        name=name or made.name,
        version=made.version,
        report=made.report,
        problems=made.problems,
    )


def _text(node: Node | None) -> str:
    return (node.text or "") if isinstance(node, Text) else ""
