"""The build context of an image: its Dockerfile, lists of packages, tools, and what is secret."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from mlenv_jupyter.builds.credentials import guarded_addresses
from mlenv_jupyter.builds.images.dockerfile import CERTIFICATES, SETTINGS, Group, grouped
from mlenv_jupyter.builds.resolve import index_options
from mlenv_jupyter.builds.spark import NO_JAVA
from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import Chosen, hashed_requirements

GROUPS = "groups.json"
CONDA_GROUPS = "conda-groups.json"
PASSED = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_NO_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_HTTP_TIMEOUT",
    "UV_PYTHON_INSTALL_MIRROR",
    "UV_PYTHON_DOWNLOADS_JSON_URL",
    "UV_INSECURE_HOST",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
)
"""Settings of this machine that the packages of an image are fetched with."""
LOOPBACK = ("127.", "localhost", "[::1]")


def lay_out(
    lock: Lock,
    chosen: Iterable[Chosen],
    addresses: Mapping[str, str],
    guarded: Mapping[str, str],
    place: Path,
    images: Path,
) -> tuple[Group, ...]:
    """The groups of packages, each with the wheels that are files of this machine copied beside."""
    by_name = {one.package.name: one for one in chosen}
    lines_of = {name: line_of(one, guarded) for name, one in by_name.items()}
    pairs = [(one, lines_of[one.name]) for one in lock.packages if one.name in by_name]
    files = {
        lines_of[one.package.name]: path
        for one in by_name.values()
        if (path := _local(addresses.get(one.file.sha256, ""))) is not None
    }
    made = []
    for number, lines in enumerate(grouped(pairs, earlier(images)), 1):
        own = [files[line] for line in lines if line in files]
        for path in own:
            target = place / f"wheels-{number}" / path.name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
            os.chmod(target, 0o644)
        made.append(Group(lines, tuple(path.name for path in own)))
    return tuple(made)


def earlier(images: Path, kind: str = GROUPS) -> Iterable[tuple[tuple[str, ...], ...]]:
    """The groups of the images that were built here, newest first."""
    if not images.is_dir():
        return
    found = [one / kind for one in images.iterdir() if (one / kind).is_file()]
    for one in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:200]:
        with suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            yield msgspec.json.decode(one.read_bytes(), type=tuple[tuple[str, ...], ...])


def line_of(one: Chosen, guarded: Mapping[str, str]) -> str:
    """One package as a line of a requirements file that nothing but this very file satisfies."""
    return hashed_requirements([one], guarded).strip()


def options_in_container(lines: Iterable[str]) -> tuple[str, ...]:
    """The index settings that a container understands: it has no directory of this machine."""
    return tuple(
        line
        for line in lines
        if not line.startswith("--find-links") or _local(line.split(maxsplit=1)[1]) is None
    )


def secret_names(definition: Definition) -> set[str]:
    """What the package index needs and nobody may see; empty for a public one."""
    names = {name for name in PASSED if _has_credentials(os.environ.get(name, ""))}
    return names | _referred(definition)


def secrets_for(
    definition: Definition, env: Mapping[str, str], certificates: str
) -> dict[str, str | Path]:
    """The build's secrets by id: a file of settings for uv, and this machine's certificates.

    ``env`` is the environment of uv on this machine, which has the values.
    """
    names = {*PASSED, *_referred(definition)}
    values = {name: env[name] for name in sorted(names) if env.get(name)}
    made: dict[str, str | Path] = {}
    if certificates:
        made[CERTIFICATES] = Path(certificates)
        values["SSL_CERT_FILE"] = f"/run/secrets/{CERTIFICATES}"
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
    made[SETTINGS] = "".join(lines) or "\n"
    return made


def spark_of_image(
    definition: Definition, found: Lock, java: str, say: Callable[[str], None]
) -> bool:
    """Whether Spark's packages are fetched into an image, which takes its own Java and Ivy."""
    if definition.spark is None or not definition.spark.precache_packages:
        return False
    conda = {one.name for one in found.packages}
    if not java and "openjdk" not in conda:
        say(NO_JAVA.replace("There is no Java here", "There is no Java in the base image"))
        return False
    return True


def _referred(definition: Definition) -> set[str]:
    lines = [*index_options(definition), *guarded_addresses(definition).values()]
    return {one[2:-1] for line in lines for one in REFERENCE.findall(line)}


def public_arguments() -> dict[str, str]:
    """The settings that the classic builder is given as arguments, which its history shows."""
    values = {name: os.environ.get(name, "") for name in PASSED}
    return {name: value for name, value in values.items() if value and not _has_credentials(value)}


def network_of(definition: Definition, told: str | None) -> str | None:
    """The network of a build's steps: this machine's own where the index is only there."""
    if told:
        return told
    addresses = [os.environ.get(name, "") for name in PASSED]
    addresses += [line.split(maxsplit=1)[1] for line in index_options(definition) if " " in line]
    addresses += definition.spark.repositories if definition.spark else ()
    hosts = [urlsplit(word).netloc.rpartition("@")[2] for one in addresses for word in one.split()]
    return "host" if any(host.startswith(LOOPBACK) for host in hosts if host) else None


def _local(address: str) -> Path | None:
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(address) if address.startswith("/") else None


def _has_credentials(value: str) -> bool:
    for word in value.split():
        parts = urlsplit(word.partition("=")[2] if "=" in word.partition("://")[0] else word)
        if parts.scheme and ("@" in parts.netloc or parts.query):
            return True
    return False
