"""Where conda packages come from: addresses in order, and what the private ones ask for.

Credentials are references in a Definition (``${NAME}``) and stay outside of every address that
rattler keeps: they go into a header, or into a mirror's address that is used for requests only.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from mlenv_jupyter.builds.credentials import Value
from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.secret import replace_references

DEFAULT = "conda-forge"
# The names that stand for more than one channel, or for none.
MEANT = {"defaults": ("main", "r"), "nodefaults": (), "local": ()}
_TOKEN = re.compile(r"/t/([^/]+)(?=/)")


class Header(NamedTuple):
    """What requests to a host below a path carry."""

    host: str
    path: str
    value: str


class Channels(NamedTuple):
    """Channels in order of priority, and how to reach those that are not open to everybody."""

    names: tuple[str, ...]
    mirrors: dict[str, str]
    headers: tuple[Header, ...]
    secrets: frozenset[str]

    def redact(self, text: str) -> str:
        """A text without what was read from references."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "••••••")
        return text


def read_channels(definition: Definition, env: Mapping[str, str], secret: Value) -> Channels:
    """The channels of a Definition, ``${NAME}`` looked up in ``env`` and ``${secret:NAME}`` kept.

    Raises SecretMissing, and Unavailable for a variable that is not set.
    """
    names: list[str] = []
    mirrors: dict[str, str] = {}
    headers: list[Header] = []
    secrets: set[str] = set()
    for asked in definition.conda.channels or (DEFAULT,):
        if asked in MEANT:
            names += MEANT[asked]
            continue
        if "://" not in asked:
            names.append(f"file://{asked}" if asked.startswith("/") else asked)
            continue
        filled, found = _filled(asked, env, secret)
        secrets |= found
        parts = urlsplit(filled)
        host = parts.netloc.rpartition("@")[2]
        path = _TOKEN.sub("", parts.path, count=1).rstrip("/")
        bare = urlunsplit((parts.scheme, host, path, "", ""))
        names.append(bare)
        if path != parts.path.rstrip("/"):
            mirrors[bare] = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
            secrets |= {one for one in _TOKEN.findall(parts.path) if len(one) > 3}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            value = base64.b64encode(pair.encode()).decode()
            headers.append(Header(parts.hostname or "", path, f"Basic {value}"))
            secrets.add(value)
    return Channels(tuple(dict.fromkeys(names)), mirrors, tuple(headers), frozenset(secrets - {""}))


def _filled(address: str, env: Mapping[str, str], secret: Value) -> tuple[str, set[str]]:
    """An address with its references replaced, and what they were replaced by."""
    found: set[str] = set()
    host = urlsplit(address).netloc.rpartition("@")[2]

    def kept(name: str) -> str:
        found.add(secret(name, host))
        return quote(secret(name, host), safe="")

    def value(match: re.Match[str]) -> str:
        name = match[0][2:-1]
        if not env.get(name):
            raise Unavailable(
                f"A channel asks for ${{{name}}}, which is not set where builds run.",
                code="secret_missing",
                where="conda.channels",
                remedy=f"Set {name} in the environment that JupyterLab or mlenv is started in.",
            )
        found.add(env[name])
        return quote(env[name], safe="")

    if "${" in host:
        raise Unavailable(
            "The host of a channel is a reference, so a secret could be sent anywhere.",
            where="conda.channels",
            remedy="Write the host itself.",
        )
    return REFERENCE.sub(value, replace_references(address, kept)), found
