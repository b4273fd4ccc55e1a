"""uv's settings beside requirements: where each package comes from, indexes, limits."""

from __future__ import annotations

from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.checks import TORCH_BACKEND
from mlenv_jupyter.core.requirements import parsed
from mlenv_jupyter.formats.outcome import from_address, from_index, vcs
from mlenv_jupyter.formats.report import Notes
from mlenv_jupyter.formats.requirement import read_address, read_requirement
from mlenv_jupyter.formats.toml_file import Toml
from mlenv_jupyter.formats.wanted import Wanted

_HONOURED = {
    *("sources", "index", "index-url", "extra-index-url", "find-links", "prerelease"),
    *("no-binary-package", "no-build-package", "constraint-dependencies", "dev-dependencies"),
    *("pip", "no-index", "override-dependencies"),
}
_ABOUT_THE_PROJECT = {"package", "managed", "default-groups", "workspace", "build-backend"}


class UvSettings:
    """The table ``tool.uv`` of a project or a script, applied to the requirements beside it."""

    def __init__(self, toml: Toml, path: str, wanted: Wanted, notes: Notes) -> None:
        self.toml = toml
        self.path = path
        self.wanted = wanted
        self.notes = notes
        self.torch_backend: str | None = None
        self.sources: dict[str, Any] = {}

    def read(self) -> None:
        """Indexes, limits and sources; requirements may follow."""
        toml, notes, wanted = self.toml, self.notes, self.wanted
        table = toml.table(self.path, notes)
        for name, source in toml.table(f"{self.path}.sources", notes).items():
            self.sources[canonicalize_name(name)] = source
        self._indexes(table)
        for one in self._texts(table, "find-links"):
            line = toml.line(one, "find-links")
            if found := read_address(line, "find-links", one, notes):
                wanted.find_links.append(found)
        for one in self._texts(table, "constraint-dependencies"):
            line = toml.line(one, "constraint-dependencies")
            read_requirement(line, one, wanted, notes, constraint=True)
        for one in self._texts(table, "override-dependencies"):
            notes.refuse(
                toml.line(one, "override-dependencies"),
                f"{one} overrides what other packages ask for, which mlenv does not.",
                "Ask for it beside the others.",
            )
        wanted.no_binary += map(canonicalize_name, self._texts(table, "no-binary-package"))
        wanted.only_binary += map(canonicalize_name, self._texts(table, "no-build-package"))
        wanted.pre = wanted.pre or table.get("prerelease") == "allow"
        if table.get("no-index"):
            notes.refuse(toml.line("", "no-index"), "no-index is not kept.", "")
        backend = toml.table(f"{self.path}.pip", notes).get("torch-backend")
        if isinstance(backend, str) and TORCH_BACKEND.fullmatch(backend):
            self.torch_backend = backend
            notes.take(f"torch backend {backend}")
        for key in table:
            if key not in _HONOURED | _ABOUT_THE_PROJECT:
                notes.keep(toml.line("", key), f"{self.path}.{key} is not honoured.")

    def line(self, line: str, place: int | str) -> None:
        """Add one requirement as it is written."""
        try:
            made = parsed(line)
        except InvalidRequirement:
            read_requirement(place, line, self.wanted, self.notes)
            return
        self.requirement(made, line, place)

    def requirement(self, made: Requirement, line: str, place: int | str) -> None:
        """Add a requirement, from its source where it has one."""
        source = self.sources.get(canonicalize_name(made.name))
        if source is None or made.url:
            read_requirement(place, line, self.wanted, self.notes)
            return
        for one in source if isinstance(source, list) else [source]:
            self._from(made, one if isinstance(one, dict) else {}, place)

    def _from(self, made: Requirement, source: dict[str, Any], place: int | str) -> None:
        notes = self.notes
        name = made.name + (f"[{','.join(sorted(made.extras))}]" if made.extras else "")
        marker = _both(made.marker, source.get("marker"))
        at = self.toml.line("", made.name)
        if isinstance(git := source.get("git"), str):
            ref = next((str(source[one]) for one in ("rev", "tag", "branch") if one in source), "")
            address = vcs(git, ref, str(source.get("subdirectory", "")))
            from_address(name, address, marker, place, self.wanted, notes)
        elif isinstance(url := source.get("url"), str):
            part = source.get("subdirectory")
            from_address(
                name,
                f"{url}#subdirectory={part}" if part else url,
                marker,
                place,
                self.wanted,
                notes,
            )
        elif "path" in source or "workspace" in source:
            what = source.get("path", "this workspace")
            notes.refuse(
                at,
                f"{made.name} comes from {what}, which is a directory of one machine.",
                "Build a wheel of it, or name it by NAME @ git+https://….",
            )
        else:
            if "index" in source:
                notes.keep(at, f"{made.name} from {source['index']}: every index is asked for it.")
            text = f"{name}{made.specifier}{f' ; {marker}' if marker else ''}"
            read_requirement(place, text, self.wanted, notes)

    def _indexes(self, table: dict[str, Any]) -> None:
        toml, notes, wanted = self.toml, self.notes, self.wanted
        found = table.get("index", [])
        for one in found if isinstance(found, list) else []:
            url = one.get("url") if isinstance(one, dict) else None
            if not isinstance(url, str):
                notes.fault(toml.line("", "index"), "An index has no url.", code="invalid_address")
                continue
            line = toml.line(url, "index")
            if one.get("explicit"):
                notes.keep(line, f"the index {one.get('name', '')}: it is asked for every package.")
            if one.get("default"):
                wanted.index_url = read_address(line, "the index", url, notes)
            else:
                from_index(url, wanted, notes, line)
        if isinstance(url := table.get("index-url"), str):
            wanted.index_url = read_address(toml.line(url, "index-url"), "index-url", url, notes)
        for one in self._texts(table, "extra-index-url"):
            from_index(one, wanted, notes, toml.line(one, "extra-index-url"))

    def _texts(self, table: dict[str, Any], key: str) -> list[str]:
        return self.toml.texts(table.get(key), f"{self.path}.{key}", self.notes)


def _both(a: Marker | None, b: object) -> str:
    try:
        made = [str(one) for one in (a, Marker(b) if isinstance(b, str) else None) if one]
    except InvalidMarker:
        made = [str(b)]
    return " and ".join(f"({one})" for one in made) if made[1:] else "".join(made)
