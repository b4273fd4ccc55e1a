"""Files that people already have ⇄ Definition. Pure: no file is opened here."""

from __future__ import annotations

from mlenv_jupyter.formats.report import MAX_TEXT, Imported, Report
from mlenv_jupyter.formats.table import FORMATS, read_text, write, write_definition

__all__ = [
    "FORMATS",
    "MAX_TEXT",
    "Imported",
    "Report",
    "read_text",
    "write",
    "write_definition",
]
