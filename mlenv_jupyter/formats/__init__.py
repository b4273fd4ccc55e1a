"""Files that people already have ⇄ Definition. Pure: no file is opened here."""

from __future__ import annotations

from mlenv_jupyter.formats.decoded import decode_text
from mlenv_jupyter.formats.report import MAX_TEXT, Imported, Report
from mlenv_jupyter.formats.table import FORMATS, read_text
from mlenv_jupyter.formats.written import EXPORTS, Subject, write, write_definition, write_files

__all__ = [
    "EXPORTS",
    "FORMATS",
    "MAX_TEXT",
    "Imported",
    "Report",
    "Subject",
    "decode_text",
    "read_text",
    "write",
    "write_definition",
    "write_files",
]
