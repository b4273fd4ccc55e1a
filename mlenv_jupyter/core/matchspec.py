"""conda's match specs in one spelling."""

from __future__ import annotations

import re
from typing import NamedTuple

_SPEC = re.compile(
    r"(?:(?P<channel>[^\s:\[\]]+)::)?"
    r"(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)"
    r"(?P<rest>(?:[\s=<>!~\[@].*)?)"
)
_BARE_VERSION = re.compile(r"[\d*]")


class Spec(NamedTuple):
    """One conda dependency."""

    name: str
    rest: str
    channel: str | None
    text: str


def parse(text: str) -> Spec | None:
    """The parts of a match spec in one spelling (``numpy >=1.2`` → ``numpy>=1.2``); or None."""
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        return None
    name, rest = match["name"].lower(), match["rest"].strip()
    if rest and _BARE_VERSION.match(rest):
        # `python 3.10` and `python 3.10 build`: conda's older spelling.
        rest = "=" + "=".join(rest.split())
    elif not rest.startswith("["):
        rest = re.sub(r"\s*([=<>!~,|]+)\s*", r"\1", rest)
        rest = "=".join(rest.split()) if " " in rest else rest
    channel = match["channel"]
    prefix = f"{channel}::" if channel else ""
    return Spec(name, rest, channel, f"{prefix}{name}{rest}")
