"""``mlenv label``, ``history``, ``rollback``, ``refresh``, ``archive``, ``restore``, ``describe``,
``tag``, ``delete``: what becomes of versions. None of it changes one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from mlenv_jupyter.cli.answers import numbered, show_changes
from mlenv_jupyter.cli.output import age, emit, note, say, table
from mlenv_jupyter.cli.session import REFERENCE, Session, verb
from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.version import Environment, HistoryEntry

Pair = tuple[str, "str | None"]
MESSAGE = click.option("-m", "--message", default="", help="Why; it stands in the history.")
ACTIONS = {
    "registered": "registered",
    "refreshed": "refreshed",
    "rolled-back": "rolled back",
    "labelled": "labelled",
    "unlabelled": "label removed",
    "archived": "archived",
    "restored": "restored",
    "described": "described",
    "deleted": "deleted",
}


@verb("label")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.argument("label", required=False)
@click.option("--remove", is_flag=True, help="Take the label away.")
@click.option("--expected", metavar="V", help="Only if the label means this version until now.")
@MESSAGE
def label_(
    session: Session,
    reference: Pair,
    label: str | None,
    remove: bool,
    expected: str | None,
    message: str,
) -> None:
    """Have LABEL mean a version from now on; without LABEL, list the labels of NAME.

    Every command takes NAME:LABEL. `latest` is kept by mlenv: `mlenv rollback` moves it.
    """
    name, version = reference
    life = session.workspace.lifecycle
    if label is None:
        if remove:
            raise InvalidRequest("There is no label to remove.", remedy="Name it after NAME.")
        found = life.labels(name)
        if session.json:
            emit({"items": found})
        else:
            rows = [(one.label, one.version, age(one.moved_at), one.author) for one in found]
            table(("LABEL", "VERSION", "MOVED", "BY"), rows)
        return
    if remove:
        life.unlabel(name, label, message=message)
    else:
        life.label(name, label, version, expected=expected, message=message)
    labels = session.workspace.environment(name).labels
    if session.json:
        emit({"name": name, "labels": labels})
    elif remove:
        say(f"{name} has no label {label} any more.")
    else:
        say(f"{name}:{label} means {numbered(labels[label])}.")


@verb("history")
@click.argument("reference", metavar="NAME", type=REFERENCE)
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="`next` of the page before, as --json has it.")
def history(session: Session, reference: Pair, limit: int, cursor: str | None) -> None:
    """Show what happened to an environment, newest first: when, who, why."""
    page = session.workspace.lifecycle.history(reference[0], limit=limit, cursor=cursor)
    if session.json:
        emit(page)
        return
    rows = [(age(one.at), one.author, _told(one), one.message) for one in page.items]
    table(("WHEN", "WHO", "WHAT", "WHY"), rows)
    if page.next:
        note(f"{page.total} in all; -n shows more.")


@verb("rollback")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@MESSAGE
def rollback(session: Session, reference: Pair, message: str) -> None:
    """Have `latest` mean an older version, until the next one is registered.

    The version before the present one if V is left out. No version is made or changed.
    """
    version = session.workspace.lifecycle.roll_back(*reference, message=message)
    if session.json:
        emit(version)
        return
    say(f"{version.name}:latest means {numbered(version.version)}.")
    if version.state != "ready":
        note(f"It is not built here. Build it: mlenv build {version.reference}")


@verb("refresh")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
@MESSAGE
def refresh(session: Session, reference: Pair, dry_run: bool, message: str) -> None:
    """Resolve a version anew, and register the next one if something else comes of it."""
    found = session.workspace.lifecycle.refresh(*reference, message=message, dry_run=dry_run)
    if session.json:
        emit(found)
        return
    show_changes("Resolved", found.changes)
    if found.created:
        say(f"Registered {found.version.name} {numbered(found.version.version)}.")
        note(f"Build it: mlenv build {found.version.reference}")
    elif dry_run and found.changes:
        note("Nothing was registered (--dry-run).")
    elif found.changes:
        say(f"This is already {found.version.name} {numbered(found.version.version)}.")
    else:
        say(f"Nothing is new: {found.version.reference} stays as it is.")


@verb("archive")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@MESSAGE
def archive(session: Session, reference: Pair, message: str) -> None:
    """Take an environment, or one version of it, out of every list; what uses it goes on."""
    made = session.workspace.lifecycle.archive(*reference, message=message)
    _answer(session, made, f"Archived {_what(reference)}.")
    if not session.json:
        note(f"Put it back: mlenv restore {':'.join(filter(None, reference))}")


@verb("restore")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@MESSAGE
def restore(session: Session, reference: Pair, message: str) -> None:
    """Put an archived environment, or one version of it, back."""
    made = session.workspace.lifecycle.restore(*reference, message=message)
    _answer(session, made, f"Restored {_what(reference)}.")


@verb("describe")
@click.argument("reference", metavar="NAME", type=REFERENCE)
@click.argument("description")
def describe(session: Session, reference: Pair, description: str) -> None:
    """Change the description of an environment in place; no version is made."""
    made = session.workspace.lifecycle.describe(reference[0], description=description)
    _answer(session, made, f"Described {reference[0]}.")


@verb("tag")
@click.argument("reference", metavar="NAME", type=REFERENCE)
@click.argument("tags", nargs=-1, metavar="KEY[=VALUE] ...")
@click.option("-u", "--unset", multiple=True, metavar="KEY", help="Take a tag away.")
def tag(session: Session, reference: Pair, tags: Sequence[str], unset: Sequence[str]) -> None:
    """Set or take away tags of an environment in place; without any, show them."""
    name = reference[0]
    found = session.workspace.environment(name)
    if tags or unset:
        wanted = dict(found.tags)
        for one in tags:
            key, _, value = one.partition("=")
            wanted[key] = value
        for key in unset:
            wanted.pop(key, None)
        found = session.workspace.lifecycle.describe(name, tags=wanted)
    if session.json:
        emit({"name": name, "tags": found.tags})
    else:
        for key, value in found.tags.items():
            say(f"{key}={value}" if value else key)


@verb("delete")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@MESSAGE
def delete(session: Session, reference: Pair, yes: bool, message: str) -> None:
    """Forget a version that nothing uses, or a whole environment with its history.

    What is built stays in the store until it is collected. `mlenv archive` only hides.
    """
    name, version = reference
    if version is not None:
        session.workspace.version(name, version)
    else:
        session.workspace.environment(name)
    if not yes:
        if session.json or not sys.stdin.isatty():
            raise InvalidRequest(
                f"This forgets {_what(reference)} for ever.",
                remedy="Say -y if that is what you want.",
                where="--yes",
            )
        click.confirm(f"Forget {_what(reference)} for ever?", abort=True)
    if version is not None:
        session.workspace.lifecycle.delete_version(name, version, message=message)
    else:
        session.workspace.delete(name)
    if session.json:
        emit({"deleted": ":".join(filter(None, reference))})
    else:
        say(f"Deleted {_what(reference)}.")


COMMANDS = (label_, history, rollback, refresh, archive, restore, describe, tag, delete)


def _what(reference: Pair) -> str:
    name, version = reference
    return f"{name} {numbered(version)}" if version else f"{name}, every version of it"


def _told(entry: HistoryEntry) -> str:
    said = ACTIONS[entry.action]
    if entry.label:
        said += f" {entry.label}"
    if entry.before and entry.version:
        return f"{said} {numbered(entry.before)} → {numbered(entry.version)}"
    version = entry.version or entry.before
    return f"{said} {numbered(version)}" if version else said


def _answer(session: Session, made: Environment, text: str) -> None:
    if session.json:
        emit(made)
    else:
        say(text)
