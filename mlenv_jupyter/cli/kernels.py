"""``mlenv kernel …``, ``use``, and the long way of ``exec``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.output import emit, note, say, table
from mlenv_jupyter.cli.session import AS, REFERENCE, Session, common, complete, verb
from mlenv_jupyter.core.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Form
    from mlenv_jupyter.core.version import Kernel

Pair = tuple[str, "str | None"]


@click.group("kernel")
@common
def kernel() -> None:
    """Versions as kernels that every Jupyter client can start."""


@verb("install")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@AS
def install(session: Session, reference: Pair, form: Form | None) -> None:
    """Install a built version as a kernel; of a prefix and an image, the prefix unless --as."""
    made = session.workspace.install_kernel(*reference, form=form)
    if session.json:
        emit(made)
    else:
        say(f"Installed the kernel “{made.display_name}” as {made.kernel_name}.")
        for one in made.notes:
            note(one)


@verb("list")
def list_(session: Session) -> None:
    """List the kernels of mlenv."""
    found = session.workspace.kernels()
    if session.json:
        emit({"items": found})
    elif not found:
        say("No kernel is installed.")
        note("Install one: mlenv kernel install NAME")
    else:
        rows = [
            (one.kernel_name, one.display_name, f"{one.name}:{one.version}", _there(one))
            for one in found
        ]
        table(("KERNEL", "SHOWN AS", "VERSION", ""), rows)


@verb("remove")
@click.argument("which", metavar="NAME[:V]|KERNEL", shell_complete=complete)
def remove(session: Session, which: str) -> None:
    """Remove the kernels of a version, or of all versions of a name."""
    from mlenv_jupyter.core.names import canonical_name, meant, split_reference

    installed = session.workspace.kernels()
    chosen = [one for one in installed if one.kernel_name == which]
    if not chosen:
        name, version = split_reference(which)
        name = canonical_name(name)
        if version == "latest":
            version = session.workspace.version(name).version
        of_name = [one for one in installed if one.name == name]
        # The version itself may be gone, so the registry is not asked what is meant.
        for wanted in meant(version) if version is not None else ():
            chosen = chosen or [one for one in of_name if one.version == wanted]
        chosen = chosen if version is not None else of_name
    if not chosen:
        raise NotFound(
            f"No kernel of {which} is installed.", remedy="`mlenv kernel list` shows them."
        )
    for one in chosen:
        session.workspace.remove_kernel(one.kernel_name)
    if session.json:
        emit({"items": chosen})
    else:
        for one in chosen:
            say(f"Removed the kernel “{one.display_name}” ({one.kernel_name}).")


@verb("retire")
@click.option("--dry-run", is_flag=True, help="Only say which would go.")
def retire(session: Session, dry_run: bool) -> None:
    """Remove the kernels that nobody has started for long; installing one again is instant.

    This happens by itself when a kernel is installed. One that runs or is pinned stays.
    """
    found = session.workspace.retire_kernels(remove=not dry_run)
    if session.json:
        emit({"items": found})
        return
    for one in found:
        word = "Would remove" if dry_run else "Removed"
        say(f"{word} the kernel “{one.display_name}” ({one.kernel_name}).")
    if not found:
        say("Every kernel is in use.")


@verb("pin")
@click.argument("kernel_name", metavar="KERNEL")
@click.option("--off", is_flag=True, help="Let it retire again.")
def pin(session: Session, kernel_name: str, off: bool) -> None:
    """Let a kernel never retire."""
    from mlenv_jupyter.kernels.retire import set_pinned

    workspace = session.workspace
    if kernel_name not in {one.kernel_name for one in workspace.kernels()}:
        raise NotFound(
            f"There is no kernel {kernel_name}.", remedy="`mlenv kernel list` shows them."
        )
    set_pinned(workspace.places.kernels, kernel_name, not off)
    if session.json:
        emit({"kernel_name": kernel_name, "pinned": not off})
    else:
        say(f"{kernel_name} {'may retire' if off else 'never retires'}.")


@verb("use")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@AS
def use(session: Session, reference: Pair, form: Form | None) -> None:
    """Make a built version ready for notebooks, and say how to start it."""
    made = session.workspace.install_kernel(*reference, form=form)
    if session.json:
        emit(made)
        return
    versioned = f"{made.name}:{made.version}"
    say(f"{versioned} is ready as the kernel “{made.display_name}”.")
    say(f"  In a notebook:  choose “{made.display_name}” from the kernel menu")
    say(f"  In a terminal:  jupyter console --kernel {made.kernel_name}")
    say(f"  For a command:  mlenv exec {versioned} -- python")


@verb("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND ...")
def exec_(session: Session, reference: Pair, command: Sequence[str]) -> None:
    """Run a command in a built version, with its variables; ends with the command's exit code."""
    from mlenv_jupyter.cli.execute import replace_process

    if command[:1] == ("--",):
        command = command[1:]
    if not command:
        raise InvalidRequest(
            "There is no command to run.", remedy="Write mlenv exec NAME -- COMMAND …"
        )
    argv, environment = session.workspace.exec_plan(*reference, list(command))
    session.close()
    replace_process(argv, environment)


kernel.add_command(install)
kernel.add_command(list_)
kernel.add_command(remove)
kernel.add_command(retire)
kernel.add_command(pin)
COMMANDS = (use, exec_, kernel)


def _there(one: Kernel) -> str:
    return "" if one.path_exists else "not on this machine any more"
