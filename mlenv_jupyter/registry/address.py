"""Where the registry is kept, if not in SQLite in the home."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mlenv_jupyter.core.errors import InvalidRequest


def address_of(home: Path) -> str:
    """MLENV_DATABASE, else what the file ``database`` in the home says, else "".

    The address may hold a password, so a file that others can read is refused.
    Raises InvalidRequest.
    """
    told = os.environ.get("MLENV_DATABASE", "")
    if told:
        return told
    file = home / "database"
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    if stat.S_IMODE(mode) & 0o077:
        raise InvalidRequest(
            f"{file} can be read by others, and may hold a password.",
            where="database",
            remedy=f"chmod 600 {file}",
        )
    return text
