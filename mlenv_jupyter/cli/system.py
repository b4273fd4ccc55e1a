"""``mlenv status``, ``doctor``, ``uninstall``."""

from __future__ import annotations

import sys

import click

from mlenv_jupyter.cli.output import emit, facts, note, say, size
from mlenv_jupyter.cli.problems import FAILED, OK
from mlenv_jupyter.cli.session import Session, verb
from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.doctor import examine


@verb("status")
def status(session: Session) -> None:
    """Show where mlenv keeps its files, the disk, and what is running."""
    found = session.workspace.status()
    if session.json:
        emit(found)
        return
    facts(
        (
            ("mlenv", found.version),
            ("Home", found.home),
            ("Store", found.store),
            ("Disk free", size(found.disk_free)),
            ("Builds running", str(found.builds_running)),
            ("Kernels", str(len(session.workspace.kernels()))),
        )
    )


@verb("doctor")
def doctor(session: Session) -> int:
    """Check everything that builds and kernels need; exit code 1 if something is wrong."""
    checks = examine(session.workspace)
    well = all(check.ok for check in checks)
    if session.json:
        emit({"ok": well, "checks": checks})
        return OK if well else FAILED
    for check in checks:
        mark = click.style("✓", fg="green") if check.ok else click.style("✗", fg="red")
        say(f"{mark} {check.name}: {check.message}")
        if check.remedy and not check.ok:
            say(f"    Remedy: {check.remedy}")
    say("All is well." if well else "Not all is well.")
    return OK if well else FAILED


@verb("uninstall")
@click.option("--purge", is_flag=True, help="Also the store and the registry, with every version.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def uninstall(session: Session, purge: bool, yes: bool) -> None:
    """Remove the kernels and the launcher; with --purge every file that mlenv has made.

    The Python package itself is removed with `pip uninstall mlenv-jupyter` afterwards.
    """
    workspace = session.workspace
    if not yes:
        what = "the kernels and the launcher of mlenv"
        if purge:
            what += f", every environment in {workspace.places.home}, and the store"
            what += f" {workspace.places.store}"
        if session.json or not sys.stdin.isatty():
            raise InvalidRequest(
                f"This removes {what}.", remedy="Say -y if that is what you want.", where="--yes"
            )
        click.confirm(f"Remove {what}?", abort=True)
    removed = workspace.uninstall(purge=purge)
    if session.json:
        emit({"removed": removed})
        return
    for one in removed:
        say(f"Removed {one}")
    if not removed:
        say("There was nothing to remove.")
    elif not purge:
        note("Environments and their versions are still there; --purge removes them too.")


COMMANDS = (status, doctor, uninstall)
