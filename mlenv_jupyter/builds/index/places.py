"""Which indexes a definition is resolved from on this machine, in the order that uv asks them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.credentials import for_uv
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.process import run
from mlenv_jupyter.store.places import Places

# What names an index for uv; without them and its files it asks the public one.
CHOOSING = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")


class IndexPlace(NamedTuple):
    """One index: its address without user and password, and what is said to be let in."""

    address: str
    authorization: str | None
    is_public: bool
    """It is the one that everybody has: its list of names is too long to be fetched unasked."""

    @property
    def shown(self) -> str:
        """What a person calls it."""
        return urlsplit(self.address).netloc


def places_of(definition: Definition, places: Places) -> list[IndexPlace]:
    """The indexes over HTTP that a definition's packages come from, the first asked first.

    Raises SecretMissing, and Unavailable where there is no uv.
    """
    env = environment_for(definition, places)
    pip = definition.pip
    extra = env.get("UV_INDEX") or env.get("UV_EXTRA_INDEX_URL") or ""
    default = pip.index_url or env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")
    asked = [*pip.extra_index_urls, *(one.rpartition("=http")[2] for one in extra.split())]
    asked = [one if "://" in one else "http" + one for one in asked]
    chosen = [_expand(for_uv(one), env) for one in asked]
    if default:
        chosen.append(_expand(for_uv(default), env))
    else:
        uv = pythons.find_uv()
        network = tuple(sorted((k, v) for k, v in env.items() if k not in CHOOSING))
        chosen.append(_of_uv(uv, network, files=True))
    public = "" if env.get("UV_NO_INDEX") else public_index(env)
    found = [_place(one, public) for one in chosen if one.startswith(("http://", "https://"))]
    return list(dict.fromkeys(found))


def public_index(env: Mapping[str, str]) -> str:
    """The index that uv asks where nobody says another; uv knows it, so it is not written here."""
    network = tuple(sorted((k, v) for k, v in env.items() if k not in CHOOSING))
    return _of_uv(pythons.find_uv(), network, files=False)


@lru_cache(maxsize=8)
def _of_uv(uv: str, env: tuple[tuple[str, str], ...], *, files: bool) -> str:
    code, lines = run(
        [
            *(uv, "pip", "compile", "-", "--emit-index-url", "--no-header", "--quiet"),
            *([] if files else ["--no-config"]),
        ],
        env=dict(env),
        input="",
    )
    for line in lines if code == 0 else ():
        option, _, address = line.text.partition(" ")
        if option == "--index-url":
            return address.strip()
    return ""


def _expand(address: str, env: Mapping[str, str]) -> str:
    return REFERENCE.sub(lambda found: env.get(found[0][2:-1], ""), address)


def _place(address: str, public: str) -> IndexPlace:
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    given = None
    if at:
        name, _, password = user.partition(":")
        pair = f"{unquote(name)}:{unquote(password)}".encode()
        given = "Basic " + base64.b64encode(pair).decode()
    plain = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return IndexPlace(plain, given, plain == public.rstrip("/"))
