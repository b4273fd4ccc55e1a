"""TOML out: values, and a Definition's index settings as uv and pixi have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlenv_jupyter.core.definition import Definition

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def value(one: Any) -> str:
    """A TOML value; a JSON string is a TOML basic string."""
    if isinstance(one, Mapping):
        return "{ " + ", ".join(f"{key(name)} = {value(it)}" for name, it in one.items()) + " }"
    if isinstance(one, (list, tuple)):
        return "[" + ", ".join(map(value, one)) + "]"
    return msgspec.json.encode(one).decode().replace("\x7f", "\\u007F")


def key(name: str) -> str:
    """A key, in quotation marks where it needs them."""
    return name if _BARE.fullmatch(name) else value(name)


def table(name: str, items: Iterable[tuple[str, Any]]) -> list[str]:
    """The lines of a table; none where it is empty."""
    lines = [f"{key(one)} = {value(it)}" for one, it in items]
    return ["", f"[{name}]", *lines] if lines else []


def uv_table(definition: Definition, name: str) -> list[str]:
    """The lines of ``tool.uv`` for a Definition's pip settings."""
    pip = definition.pip
    items: list[tuple[str, Any]] = []
    if pip.index_url:
        items.append(("index-url", pip.index_url))
    if pip.extra_index_urls:
        items.append(("extra-index-url", pip.extra_index_urls))
    if pip.find_links:
        items.append(("find-links", pip.find_links))
    if pip.no_binary:
        items.append(("no-binary-package", pip.no_binary))
    if pip.only_binary:
        items.append(("no-build-package", pip.only_binary))
    if pip.constraints:
        items.append(("constraint-dependencies", pip.constraints))
    if pip.pre:
        items.append(("prerelease", "allow"))
    lines = table(name, items)
    if definition.torch_backend:
        lines += table(f"{name}.pip", [("torch-backend", definition.torch_backend)])
    return lines
