"""What the lines of requirements files come to, before it is a Definition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass
class Wanted:
    """What the lines of one or more requirements files come to."""

    requirements: list[tuple[Requirement, str]] = field(default_factory=list)
    constraints: list[tuple[Requirement, str]] = field(default_factory=list)
    index_url: str | None = None
    extra_index_urls: list[str] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    no_binary: list[str] = field(default_factory=list)
    only_binary: list[str] = field(default_factory=list)
    pre: bool = False
    options: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    hashes: dict[str, list[str]] = field(default_factory=dict)
    lines: int = 0
    characters: int = 0

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``Definition.create``, constraints worked into what they are about."""
        asked_for = {canonicalize_name(one.name) for one, _ in self.requirements}
        limits: dict[str, list[Requirement]] = {}
        unasked: list[str] = []
        for one, _ in self.constraints:
            name = canonicalize_name(one.name)
            if name in asked_for:
                limits.setdefault(name, []).append(one)
            else:
                unasked.append(str(one))
        made = []
        for asked, _ in self.requirements:
            for limit in limits.get(canonicalize_name(asked.name), ()):
                if asked.url is None and limit.url is None and _same_marker(asked, limit):
                    asked.specifier &= limit.specifier
                else:
                    unasked.append(str(limit))
            made.append(str(asked))
        return {
            "requirements": made,
            "index_url": self.index_url,
            "extra_index_urls": list(dict.fromkeys(self.extra_index_urls)),
            "find_links": list(dict.fromkeys(self.find_links)),
            "pre": self.pre,
            "no_binary": self.no_binary,
            "only_binary": self.only_binary,
            "constraints": unasked,
            "hashes": self.hashes,
            "pip_options": list(dict.fromkeys(self.options)),
        }


def _same_marker(a: Requirement, b: Requirement) -> bool:
    return b.marker is None or str(a.marker) == str(b.marker)
