"""The files beside a list of packages that say which Python it is for."""

from __future__ import annotations

import contextlib
import re

import msgspec

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.formats.report import Imported, ReadFile

PYTHON_FILES = ("runtime.txt", ".python-version")
"""Binder's, and the one of pyenv and uv; the first that is there counts."""
HONOURED = frozenset(("requirements", "pyproject", "uv-lock", "pipfile", "pipfile-lock", "conda"))
MAX_LENGTH = 1000
_PYTHON = re.compile(r"(?:c?python-?)?(3\.\d{1,2}(?:\.\d{1,3})?)", re.IGNORECASE)
_OWN = "the Python that mlenv runs on is used."


def with_python(made: Imported, read: ReadFile | None) -> Imported:
    """What was read, with the Python that a file beside it names; that in the file itself wins."""
    if read is None or made.format not in HONOURED or made.definition.python is not None:
        return made
    for name in PYTHON_FILES:
        first = _first(name, read)
        if not first:
            continue
        report, change = made.report, msgspec.structs.replace
        found = _PYTHON.fullmatch(first)
        if found is None:
            said = f"{name}: {first[:80]!r} is no Python that mlenv can use."
            return change(made, report=change(report, kept=(*report.kept, said)))
        return change(
            made,
            definition=change(made.definition, python=found[1]).checked(),
            report=change(
                report,
                taken=(f"Python {found[1]} ({name})", *report.taken),
                kept=tuple(one for one in report.kept if not one.endswith(_OWN)),
            ),
        )
    return made


def _first(name: str, read: ReadFile) -> str:
    """The first line of a file that says anything; a file that cannot be read says nothing."""
    text = ""
    with contextlib.suppress(MlenvError):  # nobody has named it
        text = (read(name) or "")[:MAX_LENGTH]
    lines = (one.split("#")[0].strip() for one in text.splitlines())
    return next((one for one in lines if one), "")
