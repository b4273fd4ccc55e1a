"""What a version is called in a file."""

from __future__ import annotations

from mlenv_jupyter.core.errors import InvalidName
from mlenv_jupyter.core.names import check_version
from mlenv_jupyter.formats.report import Notes


def kept_version(version: str | None, where: int | str, notes: Notes) -> str | None:
    """The version, if one can be called so; says that it gets a number otherwise."""
    if not version:
        return None
    try:
        return check_version(version, own=True)
    except InvalidName as error:
        notes.keep(where, f"{error.message} It gets the next number.")
        return None
