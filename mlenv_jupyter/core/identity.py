"""The three hashes (design.md, Identity): Definition id, Digest, Lock digest."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.lock import Lock


def definition_id(definition: Definition) -> str:
    """64 hex: everything that a person wrote, variables included."""
    return _hash("mlenv-definition-1", msgspec.to_builtins(definition))


def digest(definition: Definition) -> str:
    """64 hex: the part that changes what is installed.

    Not in it: variables, interpreter path, docker run arguments; an index is its address
    without user, password and query.
    """
    pip, docker = definition.pip, definition.docker
    return _hash(
        "mlenv-digest-1",
        {
            "python": definition.python,
            "pip": {
                "requirements": pip.requirements,
                "indexes": [
                    bare_address(pip.index_url) if pip.index_url else None,
                    *map(bare_address, pip.extra_index_urls),
                ],
                "find_links": [bare_address(link) for link in pip.find_links],
                "pre": pip.pre,
                "no_binary": pip.no_binary,
                "only_binary": pip.only_binary,
            },
            "conda": msgspec.to_builtins(definition.conda),
            "wheels": [wheel.sha256 for wheel in definition.wheels],
            "docker": docker
            and [docker.base_image, docker.dockerfile, docker.build_context, docker.platform],
            "user_managed_dependencies": definition.user_managed_dependencies,
            "torch_backend": definition.torch_backend,
        },
    )


def lock_digest(lock: Lock) -> str:
    """64 hex: the exact Python, the platform, and (name, version, sha256) of each file chosen."""
    return _hash(
        "mlenv-lock-1",
        {
            "python": lock.python,
            "implementation": lock.implementation,
            "platform": lock.platform,
            "packages": sorted((one.name, one.version, one.sha256) for one in lock.packages),
        },
    )


def fingerprint(definition: str, lock: str) -> str:
    """64 hex of Definition id and lock digest: what a kernel is named after."""
    return _hash("mlenv-kernel-1", [definition, lock])


def bare_address(address: str) -> str:
    """An address without user, password, query and fragment."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), "", ""))


def _hash(kind: str, value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode([kind, value], order="sorted")).hexdigest()
