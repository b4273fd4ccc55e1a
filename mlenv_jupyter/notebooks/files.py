"""Notebooks on disk: read with nbformat, written whole or not at all, the lock beside if long."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core import stamp as stamps
from mlenv_jupyter.core.errors import InvalidRequest, NotFound, TooLarge
from mlenv_jupyter.core.stamp import Stamp, StampedLock
from mlenv_jupyter.store.trees import write_atomically

MAX_NOTEBOOK = 512 * 1024 * 1024
MAX_LOCK = 4 * 1024 * 1024


def load(path: Path) -> Any:
    """A notebook as nbformat has it; raises NotFound, TooLarge, InvalidRequest."""
    import nbformat

    try:
        if os.stat(path).st_size > MAX_NOTEBOOK:
            raise TooLarge(f"{path} is larger than 512 MB.", where=str(path))
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"There is no notebook {path}.", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.", where=str(path)) from error
    try:
        return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises many kinds, all of them this
        raise InvalidRequest(
            f"{path} is not a notebook: {_why(text, error)}.",
            where=str(path),
            remedy="Open it in JupyterLab and save it again, or take an earlier version of it.",
        ) from error


def _why(text: str, error: Exception) -> str:
    """What is wrong with a notebook, in words that are not those of nbformat's own code."""
    try:
        found = json.loads(text)
    except ValueError as wrong:
        return f"it is no JSON ({wrong})" if text.strip() else "it is empty"
    except RecursionError:
        return "it is nested too deep"
    if not isinstance(found, dict):
        return "it is JSON of another kind"
    if not isinstance(found.get("metadata"), dict):
        return "its metadata are missing or no object"
    if "cells" in found:
        cells = found["cells"]
        if not isinstance(cells, list) or not all(isinstance(one, dict) for one in cells):
            return "its cells are no list of objects"
    return str(error).splitlines()[0] if str(error) else repr(error)


def save(path: Path, notebook: Any) -> None:
    """Write a notebook whole, with the permissions that it had."""
    import nbformat

    mode = os.stat(path).st_mode & 0o777 if path.exists() else 0o644
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    # Half of an emoji, which editors leave behind, stays what it was in the file: an escape.
    write_atomically(path, text.encode(errors="backslashreplace"), mode=mode)


def put_stamp(notebook: Any, stamp: Stamp, path: Path) -> bool:
    """Put a stamp into a notebook, its lock beside it if it is long; whether that changed it."""
    made = stamps.to_metadata(stamp)
    if stamps.size_of(stamp) > stamps.LIMIT and stamp.lock is not None:
        beside = lock_file_of(path)
        write_atomically(beside, msgspec.json.encode(stamp.lock, order="sorted"), mode=0o644)
        short = msgspec.structs.replace(stamp, lock=None, lock_file=beside.name)
        made = stamps.to_metadata(short)
    if notebook.metadata.get(stamps.KEY) == made:
        return False
    notebook.metadata[stamps.KEY] = made
    return True


def get_stamp(notebook: Any, path: Path | None = None) -> Stamp | None:
    """The stamp of a notebook, with the lock that stands beside it; raises InvalidRequest."""
    stamp = stamps.read(notebook.metadata)
    if stamp is None or stamp.lock is not None or stamp.lock_file is None or path is None:
        return stamp
    beside = path.parent / stamp.lock_file
    try:
        if os.path.islink(beside) or os.stat(beside).st_size > MAX_LOCK:
            raise InvalidRequest(f"{stamp.lock_file} is no lock of a notebook.", where=str(beside))
        lock = msgspec.json.decode(beside.read_bytes(), type=StampedLock)
    except FileNotFoundError:
        return stamp
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidRequest(
            f"{stamp.lock_file} cannot be read: {error}.", where=str(beside)
        ) from error
    return msgspec.structs.replace(stamp, lock=lock)


def lock_file_of(path: Path) -> Path:
    """Where the lock of a notebook stands when it is too long for it."""
    return path.with_name(f"{path.stem}.mlenv-lock.json")


def below(place: Path) -> list[Path]:
    """The notebook itself, or every notebook below a directory, sorted, hidden ones left out."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise NotFound(f"There is no file or directory {place}.", where=str(place))
    found = []
    for directory, names, files in os.walk(place):
        names[:] = sorted(one for one in names if not one.startswith("."))
        found += [Path(directory, one) for one in sorted(files) if one.endswith(".ipynb")]
    return found
