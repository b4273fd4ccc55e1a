"""What each format that is written can carry of a Definition, so that the rest can be said."""

from __future__ import annotations

from collections.abc import Callable

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.requirements import name_of
from mlenv_jupyter.core.sections import CondaSection, DockerSection

PARTS: dict[str, Callable[[Definition], object]] = {
    "requirements": lambda it: it.pip.requirements,
    "indexes": lambda it: it.pip.index_url or it.pip.extra_index_urls or it.pip.find_links,
    "wheels or sources only": lambda it: it.pip.no_binary or it.pip.only_binary,
    "pre-releases": lambda it: it.pip.pre,
    "limits": lambda it: it.pip.constraints,
    "hashes": lambda it: it.pip.hashes,
    "lines of pip's that are kept": lambda it: it.pip.options,
    "Python": lambda it: it.python,
    "conda packages": lambda it: it.conda.packages,
    "channels": lambda it: it.conda.channels,
    "variables": lambda it: it.variables,
    "torch backend": lambda it: it.torch_backend,
    "private wheels": lambda it: it.wheels,
    "image": lambda it: it.docker is not None and it.docker != DockerSection(),
    "Spark": lambda it: it.spark,
    "an interpreter of its own": lambda it: it.user_managed_dependencies or it.interpreter_path,
    "Azure ML's other keys": lambda it: (
        it.r
        or it.databricks
        or it.inferencing_stack_version
        or it.asset_id
        or it.conda != CondaSection(channels=it.conda.channels, packages=it.conda.packages)
    ),
}
"""The parts of a Definition by the words for them; whether one has something there."""

_PIP = ("requirements", "indexes", "wheels or sources only", "pre-releases")
_ALL = tuple(PARTS)

CARRIES: dict[str, tuple[str, ...]] = {
    "requirements-unpinned": (*_PIP, "limits", "hashes", "lines of pip's that are kept"),
    "conda": (
        *(*_PIP, "limits", "hashes", "lines of pip's that are kept"),
        *("Python", "conda packages", "channels", "variables"),
    ),
    "pixi": (*_PIP, "Python", "conda packages", "variables"),
    "script": (*_PIP, "limits", "Python", "torch backend"),
    "azureml": _ALL,
    "json": _ALL,
}
"""What stands in a format as it was asked for, and is the same when it is read again.

The other formats have what it resolved to, which is no Definition.
"""


def left_out(form: str, definition: Definition) -> tuple[str, ...]:
    """The parts that a Definition has and a format cannot carry; none for one that is resolved."""
    carried = CARRIES.get(form)
    if carried is None:
        return ()
    lost = [part for part, has in PARTS.items() if part not in carried and has(definition)]
    if form == "pixi":
        lost = [one for one in lost if one != "channels"]
        if bool(definition.conda.packages) != bool(definition.conda.channels):
            # There are some wherever there are packages from them.
            lost.append("channels")
        lines = definition.pip.requirements
        if len(set(map(name_of, lines))) < len(lines):
            lost.append("a second requirement of a package")
    return tuple(lost)
