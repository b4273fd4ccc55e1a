"""``mlenv new``, ``set``, ``save``, ``list``, ``show``, ``diff``: environments and versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from mlenv_jupyter.cli.answers import show_changes, show_registered, title
from mlenv_jupyter.cli.exchange import read_file
from mlenv_jupyter.cli.output import age, emit, facts, note, plural, say, size, state, table
from mlenv_jupyter.cli.session import REFERENCE, Session, verb
from mlenv_jupyter.core.builder import builder_of
from mlenv_jupyter.core.errors import InvalidRequest

if TYPE_CHECKING:
    from mlenv_jupyter.core.version import Environment, Version, VersionForm

Pair = tuple[str, "str | None"]


@verb("new")
@click.argument("name")
@click.option("-p", "--package", "packages", multiple=True, help="A requirement: numpy, numpy>=2.")
@click.option("-r", "--requirements", type=click.Path(path_type=Path), help="A requirements file.")
@click.option("--python", help="3.12, or 3.12.4; the Python that mlenv runs on if left out.")
@click.option("-v", "--variable", "variables", multiple=True, metavar="KEY=VALUE")
@click.option("--index-url", help="The package index to use.")
@click.option("--extra-index-url", "extra_index_urls", multiple=True)
@click.option("--find-links", multiple=True, help="A directory or page with package files.")
@click.option("--pre", is_flag=True, help="Allow pre-releases.")
@click.option("-d", "--description")
@click.option("-m", "--message", default="", help="What is new in this version.")
@click.option(
    "--next", "next_", is_flag=True, help="If the name exists, register its next version."
)
def new(
    session: Session,
    name: str,
    packages: Sequence[str],
    requirements: Path | None,
    python: str | None,
    variables: Sequence[str],
    index_url: str | None,
    extra_index_urls: Sequence[str],
    find_links: Sequence[str],
    pre: bool,
    description: str | None,
    message: str,
    next_: bool,
) -> None:
    """Register an environment; nothing is built yet."""
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.core.names import check_name

    check_name(name)
    lines = list(packages)
    if requirements is not None:
        read = read_file(requirements).definition.pip
        lines += read.requirements
        index_url = index_url or read.index_url
        extra_index_urls = (*read.extra_index_urls, *extra_index_urls)
        find_links = (*read.find_links, *find_links)
        pre = pre or read.pre
    definition = Definition.create(
        python,
        lines,
        index_url=index_url,
        extra_index_urls=extra_index_urls,
        find_links=[as_address(one) for one in find_links],
        pre=pre,
        variables=parse_variables(variables),
    )
    version, created = session.workspace.register(
        name,
        definition,
        description=description,
        message=message,
        new=not next_,
    )
    show_registered(session, version, created)


@verb("set")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.argument("variables", nargs=-1, metavar="KEY=VALUE ...")
@click.option("-u", "--unset", multiple=True, metavar="KEY", help="Take a variable out.")
@click.option("-m", "--message", default="", help="What is new in this version.")
def set_(
    session: Session, reference: Pair, variables: Sequence[str], unset: Sequence[str], message: str
) -> None:
    """Register the next version with other variables; the packages stay, so nothing is rebuilt."""
    if not variables and not unset:
        raise InvalidRequest("There is no variable to set.", remedy="Write KEY=VALUE.")
    base = session.workspace.version(*reference)
    assert base.definition is not None
    wanted = {**base.definition.variables, **parse_variables(variables)}
    for key in unset:
        wanted.pop(key, None)
    definition = msgspec.structs.replace(base.definition, variables=wanted).checked()
    version, created = session.workspace.register(
        base.name, definition, message=message, base=base.version
    )
    show_registered(session, version, created)


@verb("save")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
@click.option("-p", "--package", "packages", multiple=True, help="Add it, or have it so: numpy>=2.")
@click.option("--without", multiple=True, metavar="NAME", help="Take a package out.")
@click.option("-m", "--message", default="", help="What is new in this version.")
def save(
    session: Session, reference: Pair, packages: Sequence[str], without: Sequence[str], message: str
) -> None:
    """Register the next version with packages added, changed or taken out; all else stays."""
    from mlenv_jupyter.core.edits import with_packages

    if not packages and not without:
        raise InvalidRequest("There is nothing to change.", remedy="Name a package: -p PACKAGE.")
    base = session.workspace.version(*reference)
    assert base.definition is not None
    definition = with_packages(base.definition, packages, without)
    version, created = session.workspace.register(
        base.name, definition, message=message, base=base.version
    )
    show_registered(session, version, created)


@verb("list")
@click.argument("query", default="")
@click.option("-q", "--quiet", is_flag=True, help="Names only.")
@click.option("--archived", is_flag=True, help="Archived ones too.")
def list_(session: Session, query: str, quiet: bool, archived: bool) -> None:
    """List the environments, the most recently changed first; QUERY filters."""
    found = all_environments(session, query, archived=archived)
    if session.json:
        emit({"items": found, "next": None, "total": len(found)})
    elif quiet:
        for one in found:
            say(one.name)
    elif not found:
        say("There is no environment yet." if not query else f"Nothing matches {query!r}.")
        note("Make one: mlenv new NAME -p PACKAGE, or mlenv import requirements.txt -n NAME")
    else:
        table(("NAME", "VERSION", "STATE", "PYTHON", "CHANGED", "PACKAGES"), map(_row, found))


@verb("show")
@click.argument("reference", metavar="NAME[:V]", type=REFERENCE)
def show(session: Session, reference: Pair) -> None:
    """Show a version: what was asked for, what it resolved to, its state."""
    version = session.workspace.version(*reference)
    if session.json:
        emit(version)
        return
    say(f"{title(version)}   {state(version.state)}")
    if version.description:
        say(version.description)
    definition = version.definition
    assert definition is not None
    pip = definition.pip
    indexes = [*([pip.index_url] if pip.index_url else ()), *pip.extra_index_urls, *pip.find_links]
    facts(
        (
            ("Python", version.python or "as mlenv's"),
            ("Asked for", "\n".join((*pip.requirements, *definition.conda.packages))),
            ("Built as", str(builder_of(definition))),
            *(("Or as", _other(version, one)) for one in version.forms or () if not one.own),
            ("Channels", "\n".join(definition.conda.channels)),
            ("Indexes", "\n".join(indexes)),
            ("Limits", "\n".join(pip.constraints)),
            ("Hashes", f"of {plural(len(pip.hashes), 'package')}" if pip.hashes else ""),
            ("No effect", "\n".join(pip.options)),
            ("Variables", "\n".join(f"{k}={v}" for k, v in definition.variables.items())),
            ("Resolved", plural(len(version.packages), "package") if version.packages else ""),
            ("Size", size(version.size)),
            ("Digest", version.digest[:12]),
            ("Kernel", version.kernel or ""),
            ("Labels", ", ".join(version.labels)),
            ("Tags", ", ".join(f"{k}={v}" if v else k for k, v in version.tags.items())),
            ("Archived", age(version.archived_at)),
            ("Registered", " ".join(filter(None, (age(version.created_at), version.author)))),
            ("Message", version.message),
        )
    )
    if version.packages:
        say()
        rows = [
            (one.name, one.version, size(one.size), _why(one.direct, one.required_by))
            for one in version.packages
        ]
        table(("PACKAGE", "VERSION", "SIZE", "REQUIRED BY"), rows)
    if version.state == "failed" and version.build and version.build.error:
        note(
            f"The last build failed: {version.build.error.message} See mlenv log {version.build.id}"
        )


@verb("diff")
@click.argument("before", metavar="NAME[:V]", type=REFERENCE)
@click.argument("after", metavar="NAME[:V]", type=REFERENCE)
def diff(session: Session, before: Pair, after: Pair) -> None:
    """Compare two versions: what was asked for, and what it resolved to."""
    found = session.workspace.diff(before, after)
    asked = found.definition
    if session.json:
        emit({**msgspec.structs.asdict(asked), "packages": found.packages})
        return
    if asked.python:
        say(f"python    {asked.python[0] or 'any'} → {asked.python[1] or 'any'}")
    show_changes("Asked for", asked.requirements)
    show_changes("Asked for, by conda", asked.conda)
    show_changes("Variables", asked.variables)
    show_changes("Settings", asked.settings)
    show_changes("Resolved", found.packages or ())
    if asked.empty and not found.packages:
        say("The same.")
    elif found.packages is None:
        note("One of them is not resolved yet; build both to compare what they come to.")


COMMANDS = (new, list_, show, set_, save, diff)


def all_environments(
    session: Session, query: str = "", *, archived: bool = False
) -> list[Environment]:
    """Every environment, page after page, then the curated ones that match."""
    found: list[Environment] = []
    cursor = None
    while True:
        page = session.workspace.environments(query, limit=500, cursor=cursor, archived=archived)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    there = {one.name for one in found}
    words = query.lower().split()
    found += [
        one
        for one in session.workspace.catalogue()
        if one.name not in there
        and all(word in f"{one.name} {one.description}".lower() for word in words)
    ]
    return found


def parse_variables(lines: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` lines as a mapping; raises InvalidRequest."""
    made = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if not equals:
            raise InvalidRequest(
                f"{line!r} is not a variable.",
                where=f"variables.{line[:80]}",
                remedy="Write KEY=VALUE.",
            )
        made[key] = value
    return made


def as_address(place: str) -> str:
    """A directory that is there by its absolute path; anything else as it is."""
    path = Path(place).expanduser()
    return str(path.resolve()) if "://" not in place and path.exists() else place


def _row(one: Environment) -> tuple[str, ...]:
    latest = one.latest
    shown = state(latest.state)
    if latest.state != "ready" and one.ready_version and one.ready_version != latest.version:
        shown += f" (v{one.ready_version} is ready)"
    name = one.name + (" (curated)" if one.source == "catalogue" else "")
    name += " (archived)" if one.archived_at else ""
    return (
        name,
        latest.version,
        shown,
        latest.python or "",
        age(one.updated_at),
        ", ".join(latest.wanted),
    )


def _other(version: Version, form: VersionForm) -> str:
    """What is to be said of the form that a version does not take by itself."""
    if form.built:
        return f"{form.builder}; it is built, {size(form.size)}"
    if form.refused:
        return f"no {form.form}: {form.refused}"
    return f"{form.builder}: `mlenv build {version.reference} --as {form.form}`"


def _why(direct: bool, required_by: Sequence[str]) -> str:
    return "you" if direct else ", ".join(required_by)
