"""Secrets of a definition's addresses, handed to uv by its environment and never written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from urllib.parse import quote, urlsplit

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.secret import REFERENCE, replace_references

SCHEMES = ("https", "http", "git+https")

Value = Callable[[str, str], str]
"""The value of a secret, by its name and the host that it is sent to."""


def for_uv(line: str) -> str:
    """A line with ``${secret:NAME}`` as the variable that uv finds its value in."""
    return replace_references(line, lambda name: "${" + variable_of(name) + "}")


def variable_of(name: str) -> str:
    """The variable of uv's environment that a secret is handed over in."""
    return f"MLENV_SECRET_{hashlib.sha256(name.encode()).hexdigest()[:16].upper()}"


def credentials(definition: Definition, value: Value) -> dict[str, str]:
    """The variables for uv, one a secret; each value only where its host is one of the secret's.

    Raises SecretMissing, and Unavailable where a secret stands outside of an address's user part.
    """
    made = {}
    for address in _addresses(definition):
        for name in REFERENCE.findall(address):
            # A secret in the path or in the host could be sent anywhere.
            parts = urlsplit(address)
            user, _, host = parts.netloc.rpartition("@")
            if parts.scheme not in SCHEMES or name not in REFERENCE.findall(user):
                raise Unavailable(
                    f"The secret {name!r} does not stand where a user or password does.",
                    where=f"secret:{name}",
                    remedy="Write https://user:${secret:" + name + "}@host/…",
                )
            made[variable_of(name)] = quote(value(name, host), safe="")
    return made


def has_credentials(options: Iterable[str]) -> bool:
    """Whether any index of these lines is asked with a user or password."""
    return any("${" in one for one in options)


def guarded_addresses(definition: Definition) -> dict[str, str]:
    """The addresses, by package, that are asked with a user or password, as uv takes them."""
    return {
        name: for_uv(address) for name, address in _direct(definition).items() if "${" in address
    }


def _addresses(definition: Definition) -> Iterable[str]:
    pip = definition.pip
    yield from filter(None, (pip.index_url, *pip.extra_index_urls, *pip.find_links))
    yield from _direct(definition).values()


def _direct(definition: Definition) -> dict[str, str]:
    found = {}
    for line in definition.pip.requirements:
        name, at, address = line.partition(" @ ")
        if at:
            found[name.partition("[")[0]] = address.partition(" ;")[0]
    return found
