"""Bytes of a file as text, as pip reads them: byte order marks, coding comments, UTF-8."""

from __future__ import annotations

import codecs
import re

from mlenv_jupyter.formats.report import MAX_TEXT, invalid, too_large

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]{1,40})")
_UNICODE = frozenset(("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))
_ENCODINGS = _UNICODE | {"ascii", "iso8859-1", "iso8859-15", "cp1252"}


def decode_text(data: bytes) -> str:
    """The text of a file. Raises InvalidDefinition with the line that is not, and TooLarge."""
    if len(data) > 4 * MAX_TEXT:
        raise too_large("", f"more than {MAX_TEXT // 1024**2} MB")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    for line in data.split(b"\n", 2)[:2]:
        if line[:1] == b"#" and (found := _CODING.search(line)):
            return _decoded(data, found[1].decode("ascii"))
    return _decoded(data, "utf-8")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        # Not any codec: some of Python's unpack or run what they are given.
        encoding = codecs.lookup(encoding).name
        if encoding in _ENCODINGS:
            return data.decode(encoding)
        encoding = "utf-8"
        return data.decode(encoding)
    except LookupError:
        return _decoded(data, "utf-8")
    except UnicodeDecodeError as error:
        raise invalid(
            data[: error.start].count(b"\n") + 1,
            f"The file is not {encoding.upper()} text.",
            remedy="Save it as UTF-8.",
        ) from error
