"""``mlenv image …``: the image of a version, its Dockerfile, and the registry."""

from __future__ import annotations

import click

from mlenv_jupyter.cli.follow import conclude, follow_to_end
from mlenv_jupyter.cli.output import emit, note, say
from mlenv_jupyter.cli.session import REFERENCE, Session, common, verb
from mlenv_jupyter.core.errors import NotFound

Pair = tuple[str, "str | None"]


@click.group("image")
@common
def image() -> None:
    """Images of versions: what they are, and pushing them."""


@verb("show")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
def show(session: Session, reference: Pair) -> None:
    """Show the image of a version: name, base, size, layers, where it was pushed."""
    found = session.workspace.image_details(*reference)
    if session.json:
        emit(found)
        return
    rows = {
        "Image": found.image,
        "Built as": found.builder,
        "Exists": "yes" if found.exists else "no",
        "Id": found.id,
        "Base": found.base,
        "Platform": found.platform,
        "Python": found.python_path,
        "Environment": found.environment_path,
        "Size": f"{found.size / 1e6:.0f} MB in {len(found.layers)} layers" if found.size else None,
        "Registry": found.registry,
        "Pushed": found.pushed,
    }
    for name, value in rows.items():
        if value:
            say(f"{name:12}{value}")
    for one in found.notes:
        note(one)


@verb("dockerfile")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
def dockerfile(session: Session, reference: Pair) -> None:
    """Print the Dockerfile that the image of a version was built from."""
    found = session.workspace.image_details(*reference)
    if session.json:
        emit({"dockerfile": found.dockerfile})
    elif found.dockerfile is None:
        raise NotFound(
            f"{reference[0]} was not built here.",
            remedy=f"Build it: `mlenv build {reference[0]} --as image`.",
        )
    else:
        say(found.dockerfile.rstrip("\n"))


@verb("push")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
def push(session: Session, reference: Pair) -> None:
    """Push the image of a version to the workspace's registry, building it first if need be."""
    started = session.workspace.build(*reference, push=True, form="image")
    conclude(session, follow_to_end(session, started))


for command in (show, dockerfile, push):
    image.add_command(command)

COMMANDS = (image,)
