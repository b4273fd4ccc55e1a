"""The parts of a Definition: pip, conda, wheels, docker, Spark, and what is kept as it came."""

from __future__ import annotations

from typing import Any, Literal, NoReturn, TypeVar

import msgspec

V = TypeVar("V")
DEFAULT_DOCKERFILE = "Dockerfile"


class ReadOnlyDict(dict[str, V]):
    """A mapping that cannot be changed after it is made (msgspec encodes it as an object)."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a Definition is immutable; make a new one with Definition.create()")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def frozen(value: Any) -> Any:
    """A JSON value that cannot be changed: tuples and read-only mappings all the way down."""
    if isinstance(value, dict):
        return ReadOnlyDict({key: frozen(one) for key, one in sorted(value.items())})
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


class PipSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requirements (normalised, sorted) and where they are looked for, in order.

    ``constraints`` limit what is not asked for. ``hashes`` are those of the files that a package
    may come from, ``sha256:…`` by its canonical name. ``options`` are lines for pip that are kept
    as they came and not honoured.
    """

    requirements: tuple[str, ...] = ()
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    pre: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: dict[str, tuple[str, ...]] = {}
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "hashes", frozen(self.hashes))


class CondaSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conda channels in order, and match specs, normalised and sorted.

    ``dependencies_file`` and ``base_environment`` are the seed's keys of those names, kept and
    not honoured.
    """

    channels: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    dependencies_file: str | None = None
    base_environment: str | None = None


class Wheel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A private wheel: its file name, and its content as 64 hex."""

    name: str
    sha256: str


class ImageRegistry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a base image comes from, and who asks for it.

    ``password`` is a reference such as ``${secret:NAME}``, never the word itself. ``identity`` is
    the seed's managed identity, kept and not honoured.
    """

    address: str | None = None
    username: str | None = None
    password: str | None = None
    identity: dict[str, str] | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "identity", frozen(self.identity))


class BuildContext(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory that an image is built from.

    ``location`` is a directory, or an address of the ``location_type``. ``sha256`` (64 hex) is the
    digest of its files where the workspace keeps them (``store/contexts.py``).
    """

    location: str
    location_type: Literal["local", "git", "storageAccount"] = "local"
    dockerfile_path: str = DEFAULT_DOCKERFILE
    sha256: str | None = None


class DockerSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image that an environment is built on, and how its containers run.

    At most one of ``base_image``, ``dockerfile`` and ``build_context`` is set. ``enabled`` with
    none of them is the workspace's own base image. ``platform`` is ``linux/arm64`` and the like.
    """

    base_image: str | None = None
    dockerfile: str | None = None
    build_context: BuildContext | None = None
    platform: str | None = None
    arguments: tuple[str, ...] = ()
    shm_size: str | None = None
    enabled: bool = False
    base_image_registry: ImageRegistry | None = None
    shared_volumes: bool = True
    gpu_support: bool = False

    @property
    def base(self) -> str | BuildContext | None:
        """What the image is made from, whichever of the three it is."""
        return self.base_image or self.dockerfile or self.build_context

    @property
    def image(self) -> str | None:
        """The whole name of the base image, with the address of its registry before it."""
        address = self.base_image_registry and self.base_image_registry.address
        if not self.base_image or not address or self.base_image.startswith(f"{address}/"):
            return self.base_image
        return f"{address}/{self.base_image.lstrip('/')}"


class SparkPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Maven package for Spark."""

    group: str
    artifact: str
    version: str


class SparkSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Packages for Spark, and the repositories that have them, in order."""

    repositories: tuple[str, ...] = ()
    packages: tuple[SparkPackage, ...] = ()
    precache_packages: bool = True
