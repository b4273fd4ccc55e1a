"""conda's match specs in one spelling.

What is valid is what py-rattler takes (a test compares them), but for options such as ``-c X``,
namespaces and builds of several words, which are slips.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CHANNEL = re.compile(r"(?P<channel>(?:https?|file)://[^\s\[\]]+?|[^\s:\[\]=<>!~]+)::")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_ARCHIVE = re.compile(
    r"(?:https?|file)://[^\s\[\]]*/(?P<file>[^\s/\[\]]+)\.(?:conda|tar\.bz2)(?:#[0-9a-f]{32,64})?"
)
_ONE = r"(?:==|!=|<=|>=|~=|=|<|>)?\s*[A-Za-z0-9_.+!*-]+"
_ATOM = re.compile(r"(?P<op>==|!=|<=|>=|~=|=|<|>)?\s*(?P<version>[A-Za-z0-9_.+!*-]+)")
_NUMBER = re.compile(r"\*|(?:\d+!)?_?[A-Za-z0-9]+(?:[._+-]+[A-Za-z0-9]+)*[._-]*\*?")
_VERSIONS = re.compile(rf"{_ONE}(?:\s*[,|]\s*{_ONE})*")
_STAR = re.compile(r"\*(?=[A-Za-z0-9_.*^$-])")
_BUILD = re.compile(r"(?:(?:\s*=\s*|\s+)(?P<build>[A-Za-z0-9_.+*^$|()-]+)|\s*=?)\s*")
_BRACKETS = re.compile(r"\[(?P<inside>[^\[\]]*)\]$")
_KEY = re.compile(
    r"\s*(?P<key>version|build|build_number|channel|subdir|md5|sha256|url|fn|license|track_features"
    r"|build_string|name)\s*=\s*(?P<value>'[^']*'|\"[^\"]*\"|[^\s,'\"=\[\]]+)\s*(?:,|\s|$)"
)
MAX_LENGTH = 2000
_HEX = {"md5": re.compile(r"[0-9a-fA-F]{32}"), "sha256": re.compile(r"[0-9a-fA-F]{64}")}


class Spec(NamedTuple):
    """One conda dependency; ``rest`` is what follows the name in ``text``."""

    name: str
    rest: str
    channel: str | None
    text: str


def parse(text: str) -> Spec | None:
    """The parts of a match spec in one spelling (``numpy >=1.2`` → ``numpy>=1.2``); or None.

    A version without an operator after a space is exact (``numpy 1.2`` → ``numpy==1.2``), as
    conda has it; one after ``=`` is a prefix and stays so.
    """
    text = text.partition(" #")[0].strip()
    if len(text) > MAX_LENGTH:
        return None
    if "://" in text and (archive := _ARCHIVE.fullmatch(text)):
        parts = archive["file"].rsplit("-", 2)
        if len(parts) == 3 and _NAME.fullmatch(parts[0]):
            return Spec(parts[0].lower(), "", None, text)
        return None
    channel = _CHANNEL.match(text)
    bare = text[channel.end() :] if channel else text
    name = _NAME.match(bare)
    if name is None:
        return None
    rest = bare[name.end() :].strip()
    brackets = ""
    if found := _BRACKETS.search(rest):
        rest = rest[: found.start()].strip()
        brackets = found[0] if found["inside"].strip() else ""
        if not _brackets_valid(found["inside"]):
            return None
    if bare[name.end() :][:1] not in ("", " ", "\t", *"=<>!~["):
        return None
    spelled = _version(rest) if rest else ""
    if spelled is None:
        return None
    prefix = f"{channel['channel']}::" if channel else ""
    lower = name[0].lower()
    return Spec(
        lower,
        spelled + brackets,
        channel["channel"] if channel else None,
        f"{prefix}{lower}{spelled}{brackets}",
    )


def _version(rest: str) -> str | None:
    """Version and build in one spelling; None where they are none."""
    # Any version is all that a star can be: `*cuda*` is rattler's `* cuda*`.
    if _STAR.match(rest):
        rest = f"* {rest[1:]}"
    found = _VERSIONS.match(rest)
    if found is None:
        return None
    build = _BUILD.fullmatch(rest, found.end())
    if build is None:
        return None
    made = []
    for place, part in enumerate(re.split(r"\s*([,|])\s*", found[0])):
        if place % 2:
            made.append(part)
            continue
        one = _ATOM.fullmatch(part)
        if one is None or not _NUMBER.fullmatch(one["version"]):
            return None
        op, version = one["op"] or "", one["version"]
        if version == "*" and op in ("<", ">", "!="):
            return None
        if not op:
            op = "==" if "*" not in version else "" if place else "="
        made.append(op + version)
    spelled = "".join(made)
    if not build["build"]:
        return spelled
    # `V B` is as exact as `=V=B`, conda's own spelling of it.
    if len(made) == 1 and rest[0] not in "=<>!~" and spelled.startswith("=="):
        spelled = spelled[1:]
    return f"{spelled}={build['build']}"


def _brackets_valid(inside: str) -> bool:
    at = 0
    while at < len(inside):
        found = _KEY.match(inside, at)
        if found is None:
            return False
        value = found["value"].strip("'\"")
        if found["key"] in _HEX and not _HEX[found["key"]].fullmatch(value):
            return False
        at = found.end()
    return True
