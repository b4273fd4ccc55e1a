"""Which packages bring a module, as far as pigar's database knows, if that is on this machine.

It is the extra ``mlenv-jupyter[discover]``: 40 MB to fetch, 77 MB on disk. Nothing is asked over a
network. docs/explanation/discover.md says why this one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def bringers(module: str) -> Sequence[str]:
    """The packages that bring a top-level module, canonical and sorted; empty without pigar."""
    from packaging.utils import canonicalize_name

    try:
        from pigar.db import database  # type: ignore[import-not-found, import-untyped, unused-ignore]

        # Its package itself is empty: what fetches things is not imported.
        with database() as opened:
            found = opened.query_distributions_by_top_level_module(module)
    except (ImportError, sqlite3.Error, OSError):
        return ()
    return sorted({canonicalize_name(one.name) for one in found or ()})


def is_here() -> bool:
    """Whether pigar is installed."""
    from importlib.util import find_spec

    return find_spec("pigar") is not None
