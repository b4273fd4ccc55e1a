"""Reading the files that a person names."""

from __future__ import annotations

from pathlib import Path

from mlenv_jupyter.core.errors import InvalidRequest, NotFound, TooLarge
from mlenv_jupyter.formats.report import MAX_TEXT, ReadFile


def text_of(path: Path) -> str:
    """A file's text; raises NotFound, TooLarge, InvalidRequest."""
    try:
        if path.stat().st_size > MAX_TEXT:
            raise TooLarge(f"{path} has more than {MAX_TEXT // 1024**2} MB.", where=str(path))
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", where="file_path") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidRequest(f"{path} cannot be read: {reason}.", where="file_path") from error


def beside(directory: Path) -> ReadFile:
    """Reads what a file names, from the directory that it is in; None where it is not there."""

    def read(name: str) -> str | None:
        try:
            return text_of(directory / name)
        except NotFound:
            return None

    return read
