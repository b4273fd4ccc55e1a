"""What opening a notebook finds: its environment beside what is on this machine."""

from __future__ import annotations

from typing import Literal

import msgspec

from mlenv_jupyter.core.trust import Tick

PlanState = Literal[
    "ready", "same-packages", "registered", "buildable", "other-platform", "unlocked", "unreadable"
]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a notebook's environment can be had here; making one asks nothing of any network.

    ``ready``: this very version is built here. ``same-packages``: another version with the same
    lock is. ``registered``: it is known here and not built. ``buildable``: from the lock in the
    notebook. ``other-platform``: the lock is of another platform or Python, and is resolved anew
    with its versions as constraints. ``unlocked``: only what was asked for is known.
    """

    state: PlanState
    name: str
    version: str
    follows: str | None = None
    python: str | None = None
    platform: str | None = None
    packages: int | None = None
    here_name: str | None = None
    here_version: str | None = None
    steps: tuple[str, ...] = ()
    ticks: tuple[Tick, ...] = ()
    unbound: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    warning: str = ""
    moved_to: str | None = None
    trusted: bool = False
