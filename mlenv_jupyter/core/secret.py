"""References to secrets: ``${secret:NAME}`` stands where the value must never be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from mlenv_jupyter.core.errors import InvalidName

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?")
REFERENCE = re.compile(rf"\$\{{secret:({NAME.pattern})\}}")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::\d{1,5})?")

Source = Literal["keyring", "file"]


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret as it may be shown: never its value.

    ``hosts`` are those that it may be sent to as a credential; ``environments`` are the names
    whose variables may hold it.
    """

    name: str
    hosts: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    source: Source = "file"
    updated_at: str = ""


def check_secret_name(name: object) -> str:
    """The name itself, if a secret may be called so; raises InvalidName."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidName(
            f"{str(name)[:80]!r} cannot be the name of a secret.",
            where="secret",
            remedy="Use letters, digits, dots, underscores, hyphens and slashes, "
            "such as churn/snowflake.",
        )
    return name


def check_host(host: object) -> str:
    """The host (and port) in lower case; raises InvalidName."""
    if not isinstance(host, str) or not HOST.fullmatch(host):
        raise InvalidName(
            f"{str(host)[:80]!r} is not a host.",
            where="hosts",
            remedy="Write packages.example.org, without https:// and path.",
        )
    return host.lower()


def secret_names(texts: Iterable[str]) -> tuple[str, ...]:
    """The secrets that texts refer to, sorted."""
    return tuple(sorted({name for text in texts for name in REFERENCE.findall(text)}))


def replace_references(text: str, value: Callable[[str], str]) -> str:
    """The text with what ``value`` answers for the name in each reference."""
    return REFERENCE.sub(lambda found: value(found[1]), text)
