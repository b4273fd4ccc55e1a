"""How it stands with the environments of many notebooks, for a person or for CI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.kernels.overlays import list_overlays
from mlenv_jupyter.notebooks import files
from mlenv_jupyter.notebooks.beside import beside, named_by
from mlenv_jupyter.notebooks.ran import versions_that_ran
from mlenv_jupyter.notebooks.restore import Notebooks

Finding = Literal[
    "ok", "not-built", "missing", "archived", "drifted", "stale", "unstamped", "unreadable"
]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One notebook: what was found first, the worst first, and what to do."""

    path: str
    finding: Finding
    environment: str = ""
    message: str = ""
    remedy: str = ""


def check(paths: Iterable[Path], notebooks: Notebooks, overlays: Path) -> Iterator[Checked]:
    """Look at each notebook; nothing is built, fetched or written."""
    drifted = {
        one.notebook: f"{one.name} v{one.version}"
        for one in list_overlays(overlays)
        if one.promoted and one.notebook
    }
    for path in paths:
        yield _check(path, notebooks, drifted)


def _check(path: Path, notebooks: Notebooks, drifted: dict[str, str]) -> Checked:
    try:
        notebook = files.load(path)
        stamp = files.get_stamp(notebook, path)
    except MlenvError as error:
        return Checked(
            path=str(path), finding="unreadable", message=error.message, remedy=error.remedy
        )
    if stamp is None:
        return _unstamped(path, notebook, notebooks)
    label = f"{stamp.name} v{stamp.version}"
    plan = notebooks.plan(stamp)

    def found(finding: Finding, message: str = "", remedy: str = "") -> Checked:
        return Checked(
            path=str(path), finding=finding, environment=label, message=message, remedy=remedy
        )

    if plan.state == "unreadable":
        return found("unreadable", plan.warning)
    if plan.here_name is None:
        return found(
            "missing", f"{label} is not on this machine.", f"mlenv notebook run --trust {path}"
        )
    if notebooks.is_archived(plan):
        return found("archived", f"{label} is archived.", f"mlenv restore {stamp.name}")
    if str(path.absolute()) in drifted:
        return found(
            "drifted",
            f"Its kernel has more than {label}.",
            "%mlenv save in the notebook registers that as the next version.",
        )
    others = sorted(set(versions_that_ran(notebook)) - {label})
    if others:
        return found("stale", f"Some cells ran in {', '.join(others)}.", "Run all cells again.")
    if plan.moved_to is not None:
        return found(
            "stale",
            f"It follows {stamp.follows}, which is at v{plan.moved_to} now.",
            f"mlenv notebook stamp {path} -n {stamp.name}:{stamp.follows}",
        )
    if plan.state == "registered":
        return found("not-built", f"{label} is not built here.", f"mlenv build {plan.here_name}")
    return found("ok")


def _unstamped(path: Path, notebook: Any, notebooks: Notebooks) -> Checked:
    """What could be its environment: one of its kernel's name, or what is listed beside it."""
    message, remedy = "It remembers no environment.", f"mlenv notebook stamp {path} -n NAME"
    name, listed = named_by(notebook), beside(path)
    if name is not None and notebooks.is_registered(name):
        message += f" Its kernel has the name of {name}."
        remedy = f"mlenv notebook stamp {path} -n {name}"
    elif listed is not None:
        message += f" {listed.name} is beside it."
        remedy = f"mlenv import {listed} -n NAME"
    else:
        remedy = f"mlenv notebook discover {path}"
    return Checked(path=str(path), finding="unstamped", message=message, remedy=remedy)
