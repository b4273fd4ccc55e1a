"""The environment files of Azure ML's second command line: known, and not read."""

from __future__ import annotations

from mlenv_jupyter.formats.report import Imported, invalid


def read(_text: str, _read: object = None, _filename: str = "") -> Imported:
    """Raises InvalidDefinition, which says what to import instead."""
    raise invalid(
        1,
        "The file is an environment of Azure ML's command line (v2), which is not read yet.",
        remedy="Import the conda file that it names.",
        code="unknown_format",
    )
