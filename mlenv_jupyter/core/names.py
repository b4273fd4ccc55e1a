"""Names of environments, versions and kernels, and the slugs that stand for them on disk."""

from __future__ import annotations

import re

from mlenv_jupyter.core.errors import InvalidName

RESERVED_PREFIX = "mlenv-"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}")
KERNEL_NAME = re.compile(r"mlenv-[a-z0-9-]{1,40}-[0-9a-f]{8}")
ALIASES = {"azureml-minimal": "mlenv-minimal", "azureml-tutorial": "mlenv-tutorial"}


def check_name(name: object, *, own: bool = True, where: str = "name") -> str:
    """The name itself, if it may be used.

    ``own`` refuses the prefix that belongs to the catalogue, in any letter case.
    Raises InvalidName.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        shown = repr(name) if not isinstance(name, str) or len(name) < 80 else repr(name[:77] + "…")
        raise InvalidName(
            f"{shown} cannot be the name of an environment.",
            where=where,
            remedy="Use 1 to 128 letters, digits, dots, underscores and hyphens, "
            "beginning with a letter or a digit.",
        )
    if own and name.lower().startswith(RESERVED_PREFIX):
        raise InvalidName(
            f"{name!r} begins with {RESERVED_PREFIX!r}, which belongs to the curated environments.",
            where=where,
            remedy="Choose another name.",
        )
    return name


def check_version(version: object, *, own: bool = False, where: str = "version") -> str:
    """The version string itself, if it may be one; ``own`` refuses what mlenv keeps for itself.

    Raises InvalidName.
    """
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise InvalidName(
            f"{version!r} cannot be a version.",
            where=where,
            remedy="Versions are numbers such as 3, or 'latest'.",
        )
    if own and version.lower() == "latest":
        raise InvalidName(
            f"No version can be called {version!r}: that is the newest one, whichever it is.",
            where=where,
            remedy="Leave it out for the next number.",
        )
    return version


def split_reference(text: str) -> tuple[str, str | None]:
    """``NAME[:VERSION]`` in two; what the version means is ``meant``'s to say."""
    name, colon, version = text.partition(":")
    check_name(name, own=False)
    return name, check_version(version) if colon else None


def meant(version: str) -> tuple[str, ...]:
    """The versions that somebody may mean, in order: ``v3`` is 3 unless one is called so."""
    return (version, version[1:]) if re.fullmatch(r"v\d+", version) else (version,)


def canonical_name(name: str) -> str:
    """The catalogue's name where this is an alias of one, else the name as it is."""
    return ALIASES.get(name.lower(), name)


def slug(name: str, limit: int = 32) -> str:
    """A lower-case form of a name that is safe as part of a file name."""
    made = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:limit].strip("-")
    return made or "env"


def kernel_name(name: str, fingerprint: str) -> str:
    """``mlenv-<slug>-<8 hex>``; the slug does not repeat the prefix of curated names.

    ``fingerprint`` is a hex digest of Definition id and lock digest.
    """
    base = slug(name)
    if base.startswith(RESERVED_PREFIX):
        base = base[len(RESERVED_PREFIX) :]
    return check_kernel_name(f"mlenv-{base}-{fingerprint[:8]}")


def check_kernel_name(name: object) -> str:
    """The kernel name itself, if it is one of ours.

    ``jupyter_client`` accepts ``..`` and then deletes the data directory, so this is asked
    before any call to it. Raises InvalidName.
    """
    if not isinstance(name, str) or not KERNEL_NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} is not the name of a kernel of mlenv.",
            where="kernel_name",
            remedy="`mlenv kernel list` shows them.",
        )
    return name
