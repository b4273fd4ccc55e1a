"""Addresses in files: what names a package, and what must not be stored."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.redact import redact

VCS = re.compile(r"(?:git|hg|svn|bzr)\+", re.IGNORECASE)
SCHEME = re.compile(r"(?:[a-z]{1,5}\+)?[a-z]{3,5}:", re.IGNORECASE)
ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz")
_PLAIN_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_TOKEN = re.compile(r"(?<=/)t/([^/]+)/")
_EGG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._, -]*\])?")


def has_secret(address: str) -> bool:
    """Whether there is a password, token or signature in clear in it."""
    return redact(address) != address


def without_user(address: str) -> str | None:
    """An address without user and password; None where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def without_egg(address: str) -> str:
    """An address without ``#egg=``: beside a name it says nothing."""
    bare, _, fragment = address.partition("#")
    kept = "&".join(one for one in fragment.split("&") if one and not one.startswith("egg="))
    return f"{bare}#{kept}" if kept else bare


def braced(channel: str) -> str:
    """A channel with its references as ``${NAME}``; conda takes ``$NAME``, too."""
    return _PLAIN_REFERENCE.sub(r"${\1}", channel) if "://" in channel else channel


def bare_channel(channel: str) -> str:
    """A channel without what is secret: user, password, query, and conda's token in the path.

    References such as ``${NAME}`` stay.
    """
    if "://" not in channel:
        return channel
    bare = _TOKEN.sub(lambda it: it[0] if REFERENCE.fullmatch(it[1]) else "", channel)
    user = bare.partition("://")[2].partition("/")[0].rpartition("@")[0]
    if user and not all(REFERENCE.fullmatch(one) for one in user.split(":")):
        bare = without_user(bare) or bare
    return bare.partition("?")[0] if has_secret(bare) else bare


def is_address(text: str) -> bool:
    """Whether it begins like https:, git+ssh: or file:."""
    return SCHEME.match(text) is not None


def is_place(text: str) -> bool:
    """Whether pip would look for a file or directory of that name."""
    first = re.split(r"[\s;\[]", text, maxsplit=1)[0]
    if " @ " in text or "@" in first:
        return False
    return (
        first.startswith(".") or "/" in first or "\\" in first or first.lower().endswith(ARCHIVES)
    )


def guessed(address: str) -> str | None:
    """``NAME @ ADDRESS`` of an address that does not say its name: that of its repository."""
    bare, separator, marker = address.partition(" ; ")
    bare = bare.strip()
    try:
        path = [one for one in unquote(urlsplit(bare).path).split("/") if one]
    except ValueError:
        return None
    if not path or any(one.isspace() for one in bare):
        return None
    last = path[-1].partition("@")[0]
    if VCS.match(bare):
        name = last.removesuffix(".git")
    elif last.lower().endswith(ARCHIVES) and len(path) > 2 and path[2] in ("archive", "zipball"):
        # https://HOST/OWNER/NAME/archive/REF.zip
        name = path[1]
    else:
        return None
    if not _EGG.fullmatch(name):
        return None
    return f"{name} @ {bare}{f' ; {marker.strip()}' if separator else ''}"


def named(address: str) -> str | None:
    """``NAME @ ADDRESS`` of a bare address, if its file or ``#egg=`` says the name; else None."""
    address, separator, marker = address.partition(" ; ")
    address = address.strip()
    if any(one.isspace() for one in address):
        return None
    try:
        parts = urlsplit(address)
        fragment = parse_qsl(parts.fragment, keep_blank_values=True)
    except ValueError:
        return None
    name = dict(fragment).get("egg", "")
    kept = "&".join(f"{key}={value}" for key, value in fragment if key != "egg")
    if name:
        if not _EGG.fullmatch(name):
            return None
    else:
        file = unquote(parts.path).rpartition("/")[2]
        try:
            name = parse_wheel_filename(file)[0]
        except InvalidWheelFilename:
            try:
                name = parse_sdist_filename(file)[0]
            except InvalidSdistFilename:
                return None
    # Not urlunsplit(): it takes the slashes out of git+file:///x.
    bare = address.partition("#")[0] + (f"#{kept}" if kept else "")
    return f"{name} @ {bare}{f' ; {marker.strip()}' if separator else ''}"
