"""``mlenv serve`` and ``mlenv services …``."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli.follow import Shown, clean
from mlenv_jupyter.cli.output import age, emit, note, say, state, table
from mlenv_jupyter.cli.session import REFERENCE, Session, common, verb
from mlenv_jupyter.core.errors import BuildFailed, InvalidRequest, NotFound, Unavailable

if TYPE_CHECKING:
    from mlenv_jupyter.core.service import Model, Service

Pair = tuple[str, "str | None"]


@verb("serve")
@click.option("--entry", required=True, metavar="SCRIPT", help="The script with init() and run().")
@click.option("-s", "--source", default=".", show_default=True, help="The directory of the script.")
@click.option(
    "-m", "--model", "models", multiple=True, metavar="NAME[:V]|PATH", help="What it has."
)
@click.option("--as", "name", metavar="SERVICE", help="Its name; the environment's if left out.")
@click.option("--port", type=click.IntRange(1, 65535), help="Any that is free if left out.")
@click.option("--keys/--no-keys", default=False, help="Whether to ask for a key.")
@click.option("--concurrency", default=1, show_default=True, type=click.IntRange(1, 1000))
@click.option(
    "--container/--no-container",
    default=None,
    help="From a container or a process; as before or as the version is if left out.",
)
@click.option("--cpus", type=float, help="For a container: processors.")
@click.option("--memory", metavar="SIZE", help="For a container, such as 2g.")
@click.option("--update", is_flag=True, help="Change the service of that name.")
@click.option("--detach", is_flag=True, help="Do not wait until it answers.")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
def serve(
    session: Session,
    entry: str,
    source: str,
    models: tuple[str, ...],
    name: str | None,
    port: int | None,
    keys: bool,
    concurrency: int,
    container: bool | None,
    cpus: float | None,
    memory: str | None,
    update: bool,
    detach: bool,
    reference: Pair,
) -> None:
    """Have a script answer HTTP in an environment; it goes on when this ends.

    A model is the name of a registered one, or a path, which is registered under the service's
    name. An environment that is an image answers from a container,
    as any does with --container, --cpus or --memory.
    """
    from mlenv_jupyter.core.service import Limits
    from mlenv_jupyter.serving.services import Deployment

    environment, version = reference
    name = name or environment
    arguments = ["--cpus", str(cpus)] if cpus else []
    arguments += ["--memory", memory] if memory else []
    if container is None:
        container = bool(arguments) or (update and _boxed(session, name)) or None
    wanted = Deployment(
        environment=environment,
        version=version,
        models=tuple(_model(session, one, name) for one in models),
        entry_script=entry,
        source_directory=source,
        limits=Limits(concurrency=concurrency),
        authenticated=keys,
        arguments=tuple(arguments),
        form=None if container is None else "image" if container else "prefix",
    )
    made = session.workspace.services.deploy(name, wanted, port=port, overwrite=update)
    if not detach:
        made = _wait(session, made)
    if session.json:
        emit(made)
        return
    say(f"http://127.0.0.1:{made.port}/score")
    note(f"Its log: mlenv services log {name}. Stop it: mlenv services delete {name}")


@click.group("services")
@common
def services() -> None:
    """Models that answer HTTP."""


@verb("list")
def list_(session: Session) -> None:
    """List the services."""
    found = session.workspace.services.all()
    if session.json:
        emit({"items": found})
        return
    if not found:
        say("Nothing is served.")
        return
    rows = [
        (
            one.name,
            state(one.state),
            f"http://127.0.0.1:{one.port}/score",
            f"{one.environment}:{one.version}",
            ", ".join(f"{it.name}:{it.version}" for it in one.models),
            str(one.revision),
            age(one.updated_at),
        )
        for one in found
    ]
    table(("SERVICE", "STATE", "ADDRESS", "VERSION", "MODELS", "REVISION", "WHEN"), rows)


@verb("log")
@click.argument("name", metavar="SERVICE")
@click.option("-f", "--follow", is_flag=True, help="Go on until interrupted.")
def log(session: Session, name: str, follow: bool) -> None:
    """Print what a service has said."""
    shown, pause = _shown(session, name), threading.Event()
    shown.show()
    while follow:
        pause.wait(0.1)
        shown.show()


@verb("ask")
@click.argument("name", metavar="SERVICE")
@click.argument("data", required=False)
def ask(session: Session, name: str, data: str | None) -> None:
    """Ask a service with a text of JSON, or with what comes on the standard input."""
    body = sys.stdin.read() if data is None or data == "-" else data
    answer = session.workspace.services.ask(name, body.encode())
    text = answer.body.decode(errors="replace")
    if answer.status >= 400:
        raise Unavailable(
            f"The service answered with status {answer.status}.",
            code="no_score",
            detail=text[:2000],
            remedy=f"Its log says more: mlenv services log {name}",
        )
    if session.json:
        emit({"status": answer.status, "seconds": answer.seconds, "body": text})
    else:
        say(text)


@verb("keys")
@click.argument("name", metavar="SERVICE")
@click.option("--renew", type=click.Choice(["primary", "secondary"]), help="Make one anew.")
def keys(session: Session, name: str, renew: str | None) -> None:
    """Print the keys of a service; an old one is refused once it is made anew."""
    found = session.workspace.services
    primary, secondary = found.renew_key(name, renew) if renew else found.keys(name)
    if session.json:
        emit({"primary": primary, "secondary": secondary})
    else:
        say(primary)
        say(secondary)


@verb("export")
@click.argument("name", metavar="SERVICE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A directory.")
@click.option("--image", metavar="REPOSITORY:TAG", help="What its image will be called.")
def export(session: Session, name: str, output: Path, image: str | None) -> None:
    """Write what runs a service without mlenv: an image's context, Compose, Kubernetes."""
    made = session.workspace.services.export(name, output, image)
    if session.json:
        emit({"files": made})
    else:
        say(f"Wrote {', '.join(made)} to {output}.")


@verb("delete")
@click.argument("name", metavar="SERVICE")
def delete(session: Session, name: str) -> None:
    """Stop a service when it has answered what it has, and forget it; its models stay."""
    session.workspace.services.delete(name)
    if session.json:
        emit({"deleted": name})
    else:
        say(f"Deleted the service {name}.")


for _one in (list_, log, ask, keys, export, delete):
    services.add_command(_one)
COMMANDS = (serve, services)


def _shown(session: Session, name: str) -> Shown:
    path = session.workspace.services.log_path(name)
    return Shown(session, path, lambda record: click.echo(clean(record.x)))


def _model(session: Session, text: str, name: str) -> Model:
    models = session.workspace.models
    path = Path(text)
    if path.exists():
        return models.add(name, path)
    wanted, _, number = text.partition(":")
    if number and not number.isdigit():
        raise InvalidRequest(f"{number!r} is no number of a model.", where="model")
    return models.get(wanted, int(number) if number else None)


def _boxed(session: Session, name: str) -> bool:
    """Whether there is a service of that name, and it answers from a container."""
    with contextlib.suppress(NotFound):
        return session.workspace.services.wanted(name).boxed
    return False


def _wait(session: Session, made: Service) -> Service:
    shown = _shown(session, made.name)
    while not made.settled:
        made = session.workspace.services.wait(made.name, 0.2)
        if not session.json:
            shown.show()
    if made.error is not None:
        raise BuildFailed.of(made.error)
    return made
