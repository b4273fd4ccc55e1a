"""Why pip's part does not go with what conda brings, as a Problem."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv_jupyter.builds.conda.explain import NOTHING, lines_of, listed
from mlenv_jupyter.builds.culprits import MOST_FIXES
from mlenv_jupyter.builds.culprits import lines_of as pip_lines
from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.builds.unsolvable import read
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Culprit, Fix, Problem


def missing_pins(failed: ToolFailed, given: Mapping[str, str]) -> set[str]:
    """The names whose version of conda's is on no index: that alone is no conflict."""
    facts = read(_text(failed))
    return {
        name for name, spec in (*facts.none, *facts.missing) if spec in ("", f"=={given.get(name)}")
    } & given.keys()


def explain_pip(
    failed: ToolFailed, given: Mapping[str, str], definition: Definition
) -> Problem | None:
    """The Problem where conda's packages are in the way; None where it is uv's own matter."""
    text = _text(failed)
    if "No solution found" not in text:
        return None
    facts = read(text)
    for name, version in given.items():
        if f"{name}=={version}" not in text:
            continue
        need = next((one for one in facts.needs if one.on == name), None)
        own = pip_lines(definition, name)
        root = own
        if need is not None:
            path = facts.path_to(need.name, [_name(one) for one in definition.pip.requirements])
            root = pip_lines(definition, path[0].name if path else need.name)
        if not root:
            continue
        brought = lines_of(definition, name)
        why = f"{need.name} needs {name}{need.on_spec}" if need else f"You ask pip for {own[0]}"
        fixes = [Fix(f"Leave {name} to conda", remove=tuple(own))] if own else []
        fixes += [Fix(f"Leave {name} to pip", remove=tuple(brought))] if brought else []
        return Problem(
            code="conflict",
            message=f"{listed(root)} (pip) does not go with {name} {version}, which conda brings.",
            detail=f"{why}, and conda's part of this environment has {name} {version}. {NOTHING}",
            remedy=f"Ask for {name} in one place only, or allow another version of one of them.",
            where="pip.requirements",
            culprits=(
                *(Culprit(one, f"does not go with {name} {version}") for one in root),
                *(Culprit(one, f"brings {name} {version}") for one in brought),
            ),
            fixes=tuple(fixes[:MOST_FIXES]),
        )
    return None


def _text(failed: ToolFailed) -> str:
    return "\n".join(line.text for line in failed.lines)


def _name(line: str) -> str:
    from mlenv_jupyter.core.requirements import name_of

    return name_of(line)
