"""What a tool said when it failed, as one Problem that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Problem
from mlenv_jupyter.core.redact import redact


def explain(stage: str, output: Sequence[str], definition: Definition) -> Problem:
    """The Problem in the output of a failed tool.

    ``stage`` is the stage of the build that failed, ``output`` the lines that the tool wrote.
    """
    lines = [redact(line).strip() for line in output if line.strip()]
    first = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
    return Problem(
        code="build_failed",
        message=first.removeprefix("error:").strip() or f"The build failed while {stage}.",
        detail=f"Nothing was installed of {len(definition.pip.requirements)} requirements.",
        remedy="Read the log of the build.",
    )
