"""How this machine reaches package indexes: index, proxy, certificates; and who said so.

uv reads its own variables and its own ``uv.toml``. It reads none of pip's settings, which is
where most organisations put theirs: they are handed over under uv's names, unless uv has its own.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

UV = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
    *("UV_NO_INDEX", "UV_INSECURE_HOST", "UV_OFFLINE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"),
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"),
    *("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "HTTPS_PROXY",
}
ADDING = ("extra-index-url", "find-links")
"""What changes which packages there are, not how they are reached: that belongs in a definition,
where it is part of what is reproduced. pip takes the best of all places and uv the first that has
a package, so handing these over would silently resolve to something else, too."""

CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SAME = {
    "UV_DEFAULT_INDEX": ("UV_INDEX_URL", "UV_NO_INDEX"),
    "UV_INDEX": ("UV_EXTRA_INDEX_URL",),
    "HTTPS_PROXY": ("https_proxy", "ALL_PROXY", "all_proxy"),
    "SSL_CERT_FILE": ("SSL_CERT_DIR",),
}
"""What says the same under another name."""

SYSTEM = (Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"))
"""pip's files for everybody on the machine."""

FALSE = frozenset(("", "0", "false", "no", "off"))


class Setting(NamedTuple):
    """One setting under uv's name, and where it comes from."""

    name: str
    value: str
    source: str


def network_settings(source: Mapping[str, str]) -> tuple[Setting, ...]:
    """What uv is given on this machine, from the environment and pip's files."""
    found = {name: Setting(name, source[name], name) for name in UV if source.get(name)}

    def add(name: str, value: str, where: str) -> None:
        if name == "UV_NO_INDEX" and value.lower() in FALSE:
            return
        if value and not any(one in found for one in (name, *SAME.get(name, ()))):
            found[name] = Setting(name, value, where)

    own = _indexes_of_uv(source)
    add("UV_INDEX", source.get("PIP_EXTRA_INDEX_URL", ""), "PIP_EXTRA_INDEX_URL")
    for key, name in PIP.items():
        variable = "PIP_" + key.upper().replace("-", "_")
        if not (own and name == "UV_DEFAULT_INDEX"):
            add(name, source.get(variable, ""), variable)
    for variable in CERTIFICATES:
        add("SSL_CERT_FILE", source.get(variable, ""), variable)
    for path, values in _pip_files(source):
        for key, name in PIP.items():
            if not (own and name == "UV_DEFAULT_INDEX"):
                add(name, values.get(key, ""), str(path))
    return tuple(found.values())


def passed_on(source: Mapping[str, str]) -> dict[str, str]:
    """The settings of pip as variables for uv: what ``source`` does not have itself."""
    return {one.name: one.value for one in network_settings(source) if one.name not in source}


def left_to_pip(source: Mapping[str, str]) -> tuple[Setting, ...]:
    """The settings of pip that mlenv does not heed: further places with packages."""
    found = []
    for key in ADDING:
        variable = "PIP_" + key.upper().replace("-", "_")
        if key == "find-links" and source.get(variable):
            found.append(Setting(key, source[variable], variable))
    for path, values in _pip_files(source):
        found += [Setting(key, values[key], str(path)) for key in ADDING if values.get(key)]
    return tuple(found)


def uv_files(source: Mapping[str, str]) -> list[Path]:
    """The configuration files that uv reads by itself: the system's and the user's."""
    config = source.get("XDG_CONFIG_HOME") or os.path.join(_home(source), ".config")
    candidates = (Path("/etc/uv/uv.toml"), Path(config, "uv", "uv.toml"))
    return [one for one in candidates if one.is_file()]


def _indexes_of_uv(source: Mapping[str, str]) -> bool:
    """Whether uv's own files name an index: then pip's would stand in its way."""
    for path in uv_files(source):
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        pip = read.get("pip")
        places = (read, pip if isinstance(pip, dict) else {})
        if any(key in one for one in places for key in ("index", "index-url", "extra-index-url")):
            return True
    return False


def _pip_files(source: Mapping[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """pip's files, the strongest first, with what is in them for ``pip install``."""
    home = _home(source)
    config = source.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    chosen = source.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return
    places = [Path(chosen)] if chosen else []
    places += [Path(sys.prefix, "pip.conf"), Path(config, "pip", "pip.conf")]
    if sys.platform == "darwin":
        places.append(Path(home, "Library", "Application Support", "pip", "pip.conf"))
    places += [Path(home, ".pip", "pip.conf"), *SYSTEM]
    for path in dict.fromkeys(places):
        parser = configparser.RawConfigParser()
        try:
            if not parser.read(path, encoding="utf-8"):
                continue
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        values: dict[str, str] = {}
        for section in ("global", "install"):
            if parser.has_section(section):
                values |= {k.replace("_", "-"): v for k, v in parser.items(section)}
        yield path, values


def _home(source: Mapping[str, str]) -> str:
    return source.get("HOME") or os.path.expanduser("~")


def without_user(address: str) -> str:
    """An address as it can be shown: nothing of who asks."""
    return re.sub(r"(?<=://)[^/@\s]*@", "****@", address)
