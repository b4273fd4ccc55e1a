"""The simple API of a package index (PEP 503, 691 and 700), read: texts in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Any

import msgspec
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
JSON = "application/vnd.pypi.simple.v1+json"

_LINK = re.compile(r"<a\s([^>]*)>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")


class Release(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version that an index has; ``date`` is when its first file came, where that is told."""

    version: str
    requires_python: str = ""
    date: str = ""
    yanked: bool = False
    prerelease: bool = False


class NotAnIndex(ValueError):
    """The answer is no page of a simple API."""


def read_names(content: bytes, media: str) -> list[str]:
    """The normalised names of every project, sorted; raises NotAnIndex."""
    if media == JSON:
        found = [one.get("name", "") for one in _listed(content, "projects")]
    else:
        found = [unescape(text).strip() for _, text in _links(content)]
    return sorted({canonicalize_name(one) for one in found if one})


def read_releases(content: bytes, media: str) -> tuple[Release, ...]:
    """The versions of one project, newest first, final ones before others; raises NotAnIndex."""
    files = (
        [
            (
                str(one.get("filename", "")),
                str(one.get("requires-python") or ""),
                bool(one.get("yanked")),
                str(one.get("upload-time") or ""),
            )
            for one in _listed(content, "files")
        ]
        if media == JSON
        else [
            (
                unescape(text).strip(),
                given.get("data-requires-python", ""),
                "data-yanked" in given,
                "",
            )
            for given, text in _links(content)
        ]
    )
    return _releases(files)


def _releases(files: Iterable[tuple[str, str, bool, str]]) -> tuple[Release, ...]:
    made: dict[Version, Release] = {}
    for filename, python, yanked, date in files:
        version = _version_of(filename)
        if version is None:
            continue
        before = made.get(version)
        made[version] = Release(
            version=str(version),
            requires_python=(before.requires_python if before else "") or python,
            date=min(filter(None, (before.date if before else "", date)), default=""),
            # A version is withdrawn when all of its files are.
            yanked=yanked and (before is None or before.yanked),
            prerelease=version.is_prerelease,
        )
    newest = sorted(made, reverse=True)
    # Sorting is stable: final versions first, each kind newest first.
    return tuple(made[one] for one in sorted(newest, key=lambda one: one.is_prerelease))


def _version_of(filename: str) -> Version | None:
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _listed(content: bytes, key: str) -> list[dict[str, Any]]:
    try:
        found = msgspec.json.decode(content)
        listed = found[key]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise NotAnIndex("The answer is not the JSON of a package index.") from error
    if not isinstance(listed, list):
        raise NotAnIndex("The answer is not the JSON of a package index.")
    return [one for one in listed if isinstance(one, dict)]


def _links(content: bytes) -> list[tuple[dict[str, str], str]]:
    text = content.decode("utf-8", "replace")
    if "<" not in text:
        raise NotAnIndex("The answer is no page of a package index.")
    return [
        (
            {key.lower(): unescape(one or other) for key, one, other in _ATTRIBUTE.findall(given)},
            inner,
        )
        for given, inner in _LINK.findall(text)
    ]
