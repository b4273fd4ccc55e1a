"""Which Python a conda dependency asks for."""

from __future__ import annotations

import re
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

_PYTHON_ATOM = re.compile(r"([=<>!~]*)\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(\.\*|\*)?")
PYTHONS = tuple(f"3.{minor}" for minor in range(6, 15))
_OURS = tuple(one for one in PYTHONS if int(one[2:]) >= 10)


class PythonChoice(NamedTuple):
    """Which Python a spec comes to; ``whole`` where ``version`` says all that the spec says."""

    version: str | None
    whole: bool
    note: str = ""


def python_of(rest: str) -> PythonChoice | None:
    """What mlenv takes for ``python`` and ``rest`` (as ``parse`` spells it).

    None altogether where there is no such Python.
    """
    if not rest or re.fullmatch(r"={1,2}(?:3|\*)(?:\.\*|\*)?", rest):
        return PythonChoice(None, True)
    version, _, build = rest.lstrip("=").partition("=") if rest[0] == "=" else (rest, "", "")
    if rest[0] == "=" and not re.search(r"[,|\[]", rest):
        found = _PYTHON_ATOM.fullmatch(version)
        if found is None:
            return None
        _, major, minor, patch, _ = found.groups()
        exact = f"{major}.{minor}" + (f".{patch}" if patch else "")
        if major != "3" or minor is None or int(minor) > 99:
            return None
        if build and build != "*":
            return PythonChoice(exact, False, f"the build {build} of Python is for conda only")
        # `==3.8` is 3.8.0 to conda, and hardly ever meant so.
        whole = not rest.startswith("==") or patch is not None or "*" in version
        return PythonChoice(exact, whole, "" if whole else f"any Python {exact} is used")
    if "[" in rest:
        return None
    # What follows one more equals sign is a build.
    rest = re.split(r"(?<=[\w*])=(?!=)", rest, maxsplit=1)[0]
    fits: list[str] = []
    for one in rest.split("|"):
        # A lower bound such as 3.11.0a0 is how conda people write «and nothing of 3.11».
        wanted = _specifiers(one)
        if wanted is None:
            return None
        fits += [minor for minor in PYTHONS if _fits(wanted, minor) and minor not in fits]
    if not fits:
        return None
    if set(_OURS) <= set(fits):
        return PythonChoice(None, False, "the Python that mlenv runs on is used")
    fits.sort(key=PYTHONS.index)
    chosen = fits[-1] if PYTHONS[-1] not in fits else fits[0]
    return PythonChoice(chosen, False, f"Python {chosen} is used")


def _specifiers(text: str) -> SpecifierSet | None:
    made = []
    for one in text.split(","):
        one = one.strip()
        if re.match(r"=?\d", one):
            one = f"=={one.lstrip('=')}"
        if re.fullmatch(r"==\d+(?:\.\d+)?", one):
            one += ".*"
        if one in ("*", "==*"):
            continue
        made.append(re.sub(r"(?<=\d)\*$", ".*", one))
    try:
        return SpecifierSet(",".join(made))
    except InvalidSpecifier:
        return None


def _fits(wanted: SpecifierSet, minor: str) -> bool:
    return any(wanted.contains(f"{minor}.{patch}") for patch in range(40))
