"""``mlenv secret …``: values that belong to this user and machine, and are in no version."""

from __future__ import annotations

import sys

import click

from mlenv_jupyter.cli.output import emit, note, say, table
from mlenv_jupyter.cli.session import Session, common, verb

HOSTS = click.option(
    "--host", "hosts", multiple=True, metavar="HOST", help="It may be sent to this host."
)
ENVIRONMENTS = click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="The variables of this environment may hold it.",
)


@click.group("secret")
@common
def secret() -> None:
    """Passwords and tokens: a definition holds ${secret:NAME}, never the value."""


@verb("set")
@click.argument("name")
@HOSTS
@ENVIRONMENTS
@click.option("--keyring/--file", default=None, help="Where; by default the keyring if it works.")
def set_(
    session: Session,
    name: str,
    hosts: tuple[str, ...],
    environments: tuple[str, ...],
    keyring: bool | None,
) -> None:
    """Set a secret and what it is for; the value is asked for, or read from standard input."""
    if sys.stdin.isatty():
        value = click.prompt(f"Value of {name}", hide_input=True, err=True)
    else:
        value = sys.stdin.readline().rstrip("\r\n")
    made = session.workspace.secrets.set(
        name, value, hosts=hosts, environments=environments, keyring=keyring
    )
    if session.json:
        emit(made)
        return
    say(f"Set {made.name} ({made.source}), for {', '.join((*made.hosts, *made.environments))}.")
    note(f"Refer to it as ${{secret:{made.name}}}.")


@verb("allow")
@click.argument("name")
@HOSTS
@ENVIRONMENTS
def allow(
    session: Session, name: str, hosts: tuple[str, ...], environments: tuple[str, ...]
) -> None:
    """Let a secret be used for another host or environment, too."""
    made = session.workspace.secrets.set(name, None, hosts=hosts, environments=environments)
    if session.json:
        emit(made)
    else:
        say(f"{made.name} is for {', '.join((*made.hosts, *made.environments))}.")


@verb("list")
def list_(session: Session) -> None:
    """List the secrets and what they are for; never their values."""
    found = session.workspace.secrets.list()
    if session.json:
        emit({"items": found})
    elif not found:
        say("No secret is set.")
        note("Set one: mlenv secret set NAME --host HOST")
    else:
        rows = [
            (one.name, ", ".join(one.hosts), ", ".join(one.environments), one.source)
            for one in found
        ]
        table(("SECRET", "HOSTS", "ENVIRONMENTS", "KEPT IN"), rows)


@verb("remove")
@click.argument("name")
def remove(session: Session, name: str) -> None:
    """Forget a secret; what refers to it says so when it is used."""
    session.workspace.secrets.remove(name)
    if session.json:
        emit({"removed": name})
    else:
        say(f"Removed {name}.")


@verb("value")
@click.argument("name")
@click.option("--host", metavar="HOST", help="As it is sent to this host.")
@click.option("--environment", metavar="NAME", help="As a variable of this environment.")
def value(session: Session, name: str, host: str | None, environment: str | None) -> None:
    """Print the value, for a script or the start of a kernel."""
    found = session.workspace.secrets.value(name, host=host, environment=environment)
    if session.json:
        emit({"name": name, "value": found})
    else:
        click.echo(found)


for one in (set_, allow, list_, remove, value):
    secret.add_command(one)
COMMANDS = (secret,)
