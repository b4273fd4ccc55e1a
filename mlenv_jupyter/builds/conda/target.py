"""What conda packages are chosen for: this machine, or an image that is made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

MACHINES = {"x86_64": "linux-64", "aarch64": "linux-aarch64", "i686": "linux-32"}


class Target(NamedTuple):
    """Where packages will run. ``platform`` is conda's name of it, such as ``linux-64``.

    ``offers`` are its virtual packages (``__glibc=2.36``). ``prefix`` is where the packages will
    be, None where that is the place that they are linked into.
    """

    platform: str
    offers: tuple[str, ...]
    prefix: str | None = None


def this_machine() -> Target:
    """The machine that mlenv runs on; variables that override what it offers are heeded."""
    return Target(platform(), virtual_packages())


def image_target(machine: str, libc: str, prefix: str) -> Target:
    """An image for a machine (``x86_64``) whose C library is ``glibc 2.36``, empty for another.

    A GPU is offered where this machine has one, or ``CONDA_OVERRIDE_CUDA`` says so.
    """
    offers = ["__unix=0", "__linux=0", f"__archspec=1={machine}"]
    name, _, version = libc.partition(" ")
    if name == "glibc" and version:
        offers.append(f"__glibc={version}")
    offers += [one for one in virtual_packages() if one.startswith("__cuda=")]
    return Target(MACHINES.get(machine, f"linux-{machine}"), tuple(offers), prefix)


def platform() -> str:
    """conda's name of this platform, such as ``linux-64``."""
    from rattler import Subdir

    return str(Subdir.current())


def virtual_packages() -> tuple[str, ...]:
    """What this machine offers to packages (``__glibc=2.36``), overrides by variables included."""
    return tuple(_shown(one.into_generic()) for one in _detected())


def rattlers(target: Target) -> list[GenericVirtualPackage]:
    """The virtual packages of a target as rattler's solver takes them."""
    from rattler import BuildString, GenericVirtualPackage, PackageName, Version

    made = []
    for one in target.offers:
        name, version, build = (*one.split("="), "0", "0")[:3]
        made.append(GenericVirtualPackage(PackageName(name), Version(version), BuildString(build)))
    return made


def _detected() -> list[Any]:
    from rattler import VirtualPackage, VirtualPackageOverrides

    return list(VirtualPackage.detect(VirtualPackageOverrides.from_env()))


def _shown(one: Any) -> str:
    build = str(getattr(one, "build_string", "0") or "0")
    text = f"{one.name.normalized}={one.version}"
    return text if build in ("0", "") else f"{text}={build}"
