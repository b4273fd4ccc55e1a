"""YAML as a small tree of texts with line numbers: no types guessed, no code run, no bombs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from mlenv_jupyter.formats.report import invalid, too_large

MAX_DEPTH = 20
MAX_NODES = 50_000
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")
) | {"!"}


@dataclass(frozen=True)
class Text:
    """A scalar as it is written (``3.10`` stays ``3.10``); None for null."""

    text: str | None
    line: int
    size: int = 1


@dataclass
class Items:
    """A sequence."""

    line: int
    items: list[Node] = field(default_factory=list)
    size: int = 1


@dataclass
class Keys:
    """A mapping, each key at its own line."""

    line: int
    items: dict[str, Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    size: int = 1

    def get(self, key: str) -> Node | None:
        """The value of a key; None where there is none."""
        return self.items.get(key)


Node = Text | Items | Keys


def load(text: str, *, max_nodes: int = MAX_NODES) -> Node:
    """The tree of one YAML document. Raises InvalidDefinition with its line, and TooLarge."""
    # libyaml where it is there: ten times as fast, the same events.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(max_nodes).build(yaml.parse(text.removeprefix("\ufeff"), Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise invalid(
            mark.line + 1 if mark else 0,
            "The file is not valid YAML.",
            detail=(getattr(error, "problem", None) or str(error)).partition("\n")[0] + ".",
            remedy="Check the indentation, and that tabs are not used for it.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise invalid(
            0, "The file is not valid YAML.", detail=f"{str(error).partition(chr(10))[0]}."
        ) from error


class _Builder:
    """Makes the tree from parser events, with a budget, so that nothing is expanded unseen."""

    def __init__(self, max_nodes: int) -> None:
        self.max_nodes = max_nodes
        self.anchors: dict[str, Node] = {}
        self.depth = 0
        self.seen = 0

    def build(self, events: Iterator[yaml.Event]) -> Node:
        documents: list[Node] = []
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if documents:
                    raise invalid(
                        _line(event),
                        "The file has more than one document.",
                        remedy="Keep one, and remove the line ---.",
                    )
            elif not isinstance(
                event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent)
            ):
                documents.append(self.node(event, events))
        return documents[0] if documents else Text(None, 1)

    def node(self, event: yaml.Event, events: Iterator[yaml.Event]) -> Node:
        self.seen += 1
        if self.seen > self.max_nodes:
            raise too_large(_line(event), f"more than {self.max_nodes} entries")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise invalid(
                    _line(event),
                    f"*{event.anchor} stands for something that is not there, or for itself.",
                )
            return self.anchors[event.anchor]
        assert isinstance(event, yaml.NodeEvent)
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _PLAIN_TAGS:
            raise invalid(
                _line(event),
                f"The tag {tag[:80]!r} is not allowed.",
                remedy="Write the value without a tag.",
            )
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise invalid(
                _line(event),
                "The file is nested too deeply.",
                remedy=f"Use fewer than {MAX_DEPTH} levels.",
            )
        made = self.made(event, events)
        self.depth -= 1
        if made.size > self.max_nodes:
            raise too_large(_line(event), "aliases that stand for too much")
        if event.anchor is not None:
            self.anchors[event.anchor] = made
        return made

    def made(self, event: yaml.NodeEvent, events: Iterator[yaml.Event]) -> Node:
        line = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            null = event.implicit[0] and event.value in _NULLS
            return Text(None if null else event.value, line)
        if isinstance(event, yaml.SequenceStartEvent):
            items = Items(line)
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.items.append(one := self.node(inner, events))
                items.size += one.size
            return items
        keys = Keys(line)
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = self.node(inner, events)
            value = self.node(next(events), events)
            if not isinstance(key, Text):
                raise invalid(_line(inner), "A key is not text.")
            name = key.text or "null"
            if name in keys.items:
                raise invalid(
                    _line(inner),
                    f"The key {name[:80]!r} is there twice.",
                    detail=f"The first one is in line {keys.lines[name]}.",
                    remedy="Put both together.",
                )
            keys.items[name] = value
            keys.lines[name] = key.line
            keys.size += value.size + 1
        return keys


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0
