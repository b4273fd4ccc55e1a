"""Package files that came in bundles, kept by their content: ``files/<sha256>/<file name>``."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.store.places import DIGEST, Places


def kept_file(places: Places, sha256: str, filename: str) -> Path | None:
    """A package file that is kept here, whole; None where it is not."""
    path = places.files / sha256 / os.path.basename(filename)
    return path if DIGEST.fullmatch(sha256) and path.is_file() else None


def keep_file(places: Places, sha256: str, filename: str, chunks: Iterable[bytes]) -> Path:
    """Keep a package file; raises ValueError where its content is not that of its hash."""
    there = kept_file(places, sha256, filename)
    if there is not None:
        return there
    if not DIGEST.fullmatch(sha256):
        raise InvalidRequest(f"{sha256[:80]!r} is not a digest.")
    place = places.files / sha256
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = place / f".{os.getpid()}.{threading.get_ident()}"
    made = hashlib.sha256()
    try:
        with open(staged, "wb") as file:
            for chunk in chunks:
                made.update(chunk)
                file.write(chunk)
        if made.hexdigest() != sha256:
            raise ValueError("its content is not what the lock says")
        target = place / os.path.basename(filename)
        os.replace(staged, target)
    finally:
        staged.unlink(missing_ok=True)
    return target
