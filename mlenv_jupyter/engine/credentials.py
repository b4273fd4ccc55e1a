"""Credentials of image registries: references that are resolved here, else docker's own config."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TypedDict

from mlenv_jupyter.core.errors import SecretMissing
from mlenv_jupyter.core.secret import replace_references

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Secret = Callable[[str], str]
"""The value of a secret for the use at hand, by its name."""


class Login(TypedDict):
    """What the SDK takes for one request; never stored."""

    username: str
    password: str


def variables_in(*values: str | None) -> set[str]:
    """The variables that references such as ``${NAME}`` speak of."""
    return {found for value in values if value for found in _VARIABLE.findall(value)}


def resolved(text: str, where: str, secret: Secret) -> str:
    """A text with the values of its references ``${secret:NAME}``, and ``${NAME}`` for a variable.

    Raises SecretMissing, which names the reference and never a value.
    """

    def variable(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            raise SecretMissing(
                f"{name} is not set where builds run.",
                where=where,
                remedy=f"Set {name} in the environment that mlenv is started in, or write "
                f"${{secret:{name}}} and `mlenv secret set {name}`.",
            )
        return os.environ[name]

    return replace_references(_VARIABLE.sub(variable, text), secret)


def login_for(
    username: str | None, password: str | None, where: str, secret: Secret
) -> Login | None:
    """The credentials that a definition or setting refers to; None for docker's own config."""
    if not username and not password:
        return None
    return Login(
        username=resolved(username or "", where, secret),
        password=resolved(password or "", where, secret),
    )


def registry_host(image: str) -> str:
    """The host of an image's registry, with its port; docker's own where it names none."""
    first, slash, _ = image.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return first if named else "docker.io"
