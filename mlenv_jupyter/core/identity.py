"""The three hashes (design.md, Identity): Definition id, Digest, Lock digest."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.sections import CondaSection, DockerSection, PipSection


def definition_id(definition: Definition) -> str:
    """64 hex: everything that a person wrote, variables included."""
    return _hash("mlenv-definition-1", _written(definition))


def digest(definition: Definition) -> str:
    """64 hex: the part that changes what is installed.

    Not in it: variables, interpreter path, docker run arguments; an index is its address
    without user, password and query.
    """
    pip, conda, spark = definition.pip, definition.conda, definition.spark
    more = {"spark": [msgspec.to_builtins(one) for one in spark.packages]} if spark else {}
    return _hash(
        "mlenv-digest-1",
        {
            **{key: value for key, value in more.items() if value},
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
                **({"constraints": pip.constraints} if pip.constraints else {}),
                **({"hashes": pip.hashes} if pip.hashes else {}),
            },
            "conda": {"channels": conda.channels, "packages": conda.packages},
            "wheels": [wheel.sha256 for wheel in definition.wheels],
            "docker": _image(definition.docker),
            "user_managed_dependencies": definition.user_managed_dependencies,
            "torch_backend": definition.torch_backend,
        },
    )


def lock_digest(lock: Lock) -> str:
    """64 hex: the exact Python, the platform, and (name, version, sha256) of each file chosen.

    For an image also what it is built on, and the Spark section where packages are in it.
    """
    return _hash(
        "mlenv-lock-1",
        {
            **({"base": lock.base} if lock.base else {}),
            **({"spark": msgspec.to_builtins(lock.spark)} if lock.spark else {}),
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


# What a Definition has had from the beginning. Later fields count only where they are set, so that
# a new one leaves the hashes of everything registered before as they are.
_FIRST: dict[type, tuple[str, ...]] = {
    Definition: (
        *("python", "pip", "conda", "wheels", "docker", "variables"),
        *("user_managed_dependencies", "interpreter_path", "torch_backend"),
    ),
    PipSection: (
        *("requirements", "index_url", "extra_index_urls", "find_links"),
        *("pre", "no_binary", "only_binary"),
    ),
    CondaSection: ("channels", "packages"),
    DockerSection: (
        *("base_image", "dockerfile", "build_context"),
        *("platform", "arguments", "shm_size"),
    ),
}


def _written(value: Any) -> Any:
    first = _FIRST.get(type(value))
    if first is None or not isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    return {
        one.name: _written(now)
        for one in msgspec.structs.fields(value)
        if (now := getattr(value, one.name)) != _default(one) or one.name in first
    }


def _default(field: msgspec.structs.FieldInfo) -> Any:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _image(docker: DockerSection | None) -> list[Any] | None:
    if docker is None or not (docker.base or docker.platform or docker.enabled):
        return None
    context = docker.build_context
    made = context and [context.sha256 or bare_address(context.location), context.dockerfile_path]
    own = [] if docker.base else ["own"]
    return [docker.image, docker.dockerfile, made, docker.platform, *own]


def _hash(kind: str, value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode([kind, value], order="sorted")).hexdigest()
