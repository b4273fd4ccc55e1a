"""A dry run: what a definition would resolve to here, with nothing installed and no code run."""

from __future__ import annotations

from pathlib import Path

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.choice import require_builder
from mlenv_jupyter.builds.explain import explain
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.builds.resolve import (
    ToolFailed,
    choose,
    lock_for,
    resolve,
)
from mlenv_jupyter.builds.wheels import private_wheels
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.store.places import Places


def preview(definition: Definition, places: Places, work: Path) -> tuple[LockedPackage, ...]:
    """The packages that a definition resolves to, with wheels only: an sdist would run its code.

    Raises BuildFailed with the reason, Unavailable where the Python is not here.
    """
    require_builder(definition)
    if definition.user_managed_dependencies and definition.kind != "image":
        from mlenv_jupyter.builds.existing import contents_of
        from mlenv_jupyter.builds.user_managed import interpreter_of, recorded

        found = interpreter_of(definition)
        return recorded(found, contents_of(found.prefix), definition)[1].packages
    uv = pythons.find_uv()
    env = environment_for(definition, places)
    try:
        if definition.conda.packages:
            from mlenv_jupyter.builds.conda.preview import preview_conda

            return preview_conda(definition, places, work, uv=uv, env=env)
        python = pythons.find(definition.python, uv=uv, directory=places.pythons, env=env)
        universal, _ = resolve(
            definition,
            python,
            uv=uv,
            work=work,
            env=env,
            wheels_only=True,
            wheels=private_wheels(definition, places),
        )
    except ToolFailed as failed:
        problem = explain("resolving", [line.text for line in failed.lines], definition)
        raise BuildFailed.of(problem) from failed
    return lock_for(definition, choose(universal, python), python).packages
