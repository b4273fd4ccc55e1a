"""What the readers of projects and locks share: Python, pinned packages, and the end of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats.addresses import has_secret, without_user
from mlenv_jupyter.formats.conda_spec import python_of
from mlenv_jupyter.formats.report import Imported, Notes
from mlenv_jupyter.formats.requirement import read_address, read_requirement
from mlenv_jupyter.formats.requirements import describe
from mlenv_jupyter.formats.wanted import Wanted

PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64", "osx-64", "win-64")
"""conda's names of platforms, in the order in which one is chosen out of a lock."""

_PYPI = (("pypi", "org"), ("www", "pypi", "org"), ("pypi", "python", "org"))
"""The labels of the hosts that PyPI's index has, or had."""


def finish(
    form: str,
    wanted: Wanted,
    notes: Notes,
    *,
    name: str | None = None,
    version: str | None = None,
    **more: Any,
) -> Imported:
    """The Imported of what was collected. Raises InvalidDefinition with everything wrong."""
    notes.raise_faults()
    definition = Definition.create(**{**wanted.arguments(), **more})
    describe(definition, notes)
    return Imported(
        format=form,
        definition=definition,
        name=name,
        version=version,
        report=notes.report(),
        problems=tuple(notes.problems),
    )


def requires_python(text: str, line: int | str, notes: Notes) -> str | None:
    """The Python that ``requires-python`` comes to; None for mlenv's own. Says which it is."""
    spec = parse(f"python{text.strip() if text.strip()[:1] in '=<>!~' else f' {text.strip()}'}")
    found = python_of(spec.rest) if spec and text.strip() else None
    if found is None:
        if text.strip():
            notes.fault(
                line,
                f"There is no Python for {text[:80]!r} that mlenv can use.",
                remedy="Write >=3.11, or ==3.11.*.",
                code="invalid_python",
            )
        return None
    if found.version:
        notes.take(f"Python {found.version}")
    if found.note:
        notes.keep(line, f"Python {text.strip()}: {found.note}.")
    return found.version


def is_pypi(address: str) -> bool:
    """Whether the address of an index is PyPI's."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return tuple(host.split(".")) in _PYPI


def from_index(address: object, wanted: Wanted, notes: Notes, line: int | str) -> None:
    """Look in one more index; PyPI is where packages are looked for anyway."""
    if not isinstance(address, str) or not address or is_pypi(address):
        return
    bare = without_user(address) or ""
    if bare in wanted.extra_index_urls:
        return
    if found := read_address(line, "the index", address, notes):
        wanted.extra_index_urls.append(found)


def pin(
    name: str, version: str, marker: str, line: int | str, wanted: Wanted, notes: Notes
) -> None:
    """One package at its version."""
    text = f"{name}=={version}" if version else name
    read_requirement(line, f"{text} ; {marker}" if marker else text, wanted, notes)


def vcs(url: str, commit: str, subdirectory: str = "") -> str:
    """The address of a commit in a git repository."""
    bare = url.partition("?")[0].partition("#")[0]
    bare = bare if bare.startswith("git+") else f"git+{bare}"
    at = f"@{commit}" if commit else ""
    return f"{bare}{at}{f'#subdirectory={subdirectory}' if subdirectory else ''}"


def from_address(
    name: str, address: str, marker: str, line: int | str, wanted: Wanted, notes: Notes
) -> None:
    """One package from an address, which may have no secret in it."""
    if has_secret(address):
        notes.refuse(line, f"The address of {name} has a secret in it.", "", "secret")
        return
    read_requirement(line, f"{name} @ {address}{f' ; {marker}' if marker else ''}", wanted, notes)
