"""rattler's report of a conflict, read: who needs what, and what there is none of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_SPEC = r"(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)(?P<rest> [^,]*?(?:,[^ ][^,]*?)*)?"
_LINE = re.compile(r"^(?P<bars>[│├└─ ]*)(?P<text>\S.*)$")
_NEEDS = re.compile(r"^(?P<name>\S+)(?P<rest> .*)? would (?P<verb>require|constrain)$")
_ASKED = re.compile(
    rf"^{_SPEC},? (?:which )?(?:can be installed with any|cannot be installed because)"
)
_LEAF = re.compile(
    rf"^{_SPEC}, (?P<why>for which no candidates were found|which conflicts with .*)"
)
_NONE = re.compile(rf"No candidates were found for {_SPEC}\.?\s*$", re.MULTILINE)
_EXCLUDED = re.compile(r"^(?P<name>\S+)(?P<rest> .*)? is excluded because (?P<why>.*)$")


class Node(NamedTuple):
    """One line of the report and what is below it. ``kind`` is what the line says."""

    kind: str
    name: str
    spec: str
    below: list[Node]


class Need(NamedTuple):
    """A package (with the versions that say so) that needs another one."""

    name: str
    versions: str
    on: str
    spec: str
    limits: bool = False


class Report(NamedTuple):
    """What there is none of (name, spec), and one chain of needs for each package at fault."""

    none: list[tuple[str, str]]
    chains: list[list[Need]]
    roots: list[tuple[str, str]]


def read_report(text: str) -> Report:
    """The parts of a report of rattler's solver; empty where it is of another kind."""
    none = [(one["name"], _spec(one["rest"])) for one in _NONE.finditer(text)]
    roots = _tree(text)
    chains, asked = [], []
    for root in roots:
        asked.append((root.name, root.spec))
        chain, last = _chain(root)
        chains.append(chain)
        if last is not None and last.kind == "none":
            none.append((last.name, last.spec))
    return Report(none=list(dict.fromkeys(none)), chains=chains, roots=asked)


def _chain(root: Node) -> tuple[list[Need], Node | None]:
    """The needs on the way down the first branch, and the line that it ends with."""
    made: list[Need] = []
    here: Node | None = root
    last: Node | None = None
    while here is not None:
        last = here
        if here.kind in ("require", "constrain") and here.below:
            on = _deciding(here.below)
            made.append(
                Need(here.name, here.spec, on.name, on.spec, limits=here.kind == "constrain")
            )
            here = on
            continue
        here = _deciding(here.below) if here.below else None
    return made, last


def _deciding(below: list[Node]) -> Node:
    """The line that says why not: one that ends in nothing, else the first."""
    return next((one for one in below if one.kind == "none"), below[0])


def _tree(text: str) -> list[Node]:
    top: list[Node] = []
    stack: list[tuple[int, list[Node]]] = [(-1, top)]
    for raw in text.splitlines():
        match = _LINE.match(raw.replace("Cannot solve the request because of: ", ""))
        if match is None:
            continue
        node = _node(match["text"].strip())
        if node is None:
            continue
        depth = len(match["bars"])
        while stack[-1][0] >= depth:
            stack.pop()
        stack[-1][1].append(node)
        stack.append((depth, node.below))
    return top


def _node(text: str) -> Node | None:
    for kind, name, spec in _kinds(text):
        return Node(kind, name, spec, [])
    return None


def _kinds(text: str) -> Iterator[tuple[str, str, str]]:
    if found := _NEEDS.match(text):
        yield found["verb"], found["name"], _versions(found["rest"])
    elif found := _EXCLUDED.match(text):
        yield "excluded", found["name"], _versions(found["rest"])
    elif found := _LEAF.match(text):
        kind = "none" if "no candidates" in found["why"] else "conflict"
        yield kind, found["name"], _spec(found["rest"])
    elif found := _ASKED.match(text):
        yield "asked", found["name"], _spec(found["rest"])
    elif re.match(r"^\S+ \S+( \| \S+)*$", text):
        name, _, versions = text.partition(" ")
        yield "version", name, versions


def _spec(rest: str | None) -> str:
    """``>=2`` of `` >=2``; nothing of `` *``."""
    text = (rest or "").strip()
    return "" if text == "*" else text.replace(", ", ",")


def _versions(rest: str | None) -> str:
    """The newest of ``1.0 | 1.1``, as one says it."""
    return (rest or "").strip()
