"""What the lines of requirements files come to, before it is a Definition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.formats.report import Notes


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
    hashed: list[str] = field(default_factory=list)
    lines: int = 0
    characters: int = 0

    def arguments(self, notes: Notes) -> dict[str, Any]:
        """The arguments of ``Definition.create``, constraints worked into what they are about."""
        if self.hashed:
            many = f" (and {len(self.hashed) - 1} more lines)" if self.hashed[1:] else ""
            notes.keep(self.hashed[0], f"--hash{many}: the lock has hashes of its own.")
        limits: dict[str, list[Requirement]] = {}
        unasked: list[tuple[str, str]] = []
        for one, place in self.constraints:
            name = canonicalize_name(one.name)
            if any(canonicalize_name(asked.name) == name for asked, _ in self.requirements):
                limits.setdefault(name, []).append(one)
            else:
                unasked.append((place, str(one)))
        if unasked:
            many = f" and {len(unasked) - 1} more limit" if unasked[1:] else " limits"
            notes.keep(
                unasked[0][0],
                f"{unasked[0][1]}{many} what is not asked for. Add what matters to the packages.",
            )
        made = []
        for asked, _ in self.requirements:
            for limit in limits.get(canonicalize_name(asked.name), ()):
                if asked.url is None and limit.url is None and _same_marker(asked, limit):
                    asked.specifier &= limit.specifier
                else:
                    made.append(str(limit))
            made.append(str(asked))
        return {
            "requirements": made,
            "index_url": self.index_url,
            "extra_index_urls": list(dict.fromkeys(self.extra_index_urls)),
            "find_links": list(dict.fromkeys(self.find_links)),
            "pre": self.pre,
            "no_binary": self.no_binary,
            "only_binary": self.only_binary,
            "pip_options": list(dict.fromkeys(self.options)),
        }


def _same_marker(a: Requirement, b: Requirement) -> bool:
    return b.marker is None or str(a.marker) == str(b.marker)
