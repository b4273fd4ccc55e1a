"""Which Python a conda dependency asks for."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

_EXACT = re.compile(r"={1,2}\s*(3(?:\.\d+){1,2})(?:\.\*|\*)?")
_MAJOR = re.compile(r"={1,2}\s*3(?:\.\*|\*)?")
PYTHONS = tuple(f"3.{minor}" for minor in range(6, 15))
_OURS = tuple(one for one in PYTHONS if int(one[2:]) >= 10)


def python_of(rest: str) -> tuple[str | None, str] | None:
    """What mlenv takes for ``python`` and ``rest``: a version or None for its own, and a note.

    None altogether where there is no such Python.
    """
    if not rest or _MAJOR.fullmatch(rest):
        return None, ""
    version, _, build = rest.lstrip("=").partition("=") if rest[0] == "=" else (rest, "", "")
    exact = _EXACT.fullmatch(f"={version}" if rest[0] == "=" else rest)
    if exact is not None:
        return exact[1], f"the build {build} of Python is not honoured" if build else ""
    try:
        wanted = SpecifierSet(re.sub(r"(?<![=<>!~])=(?!=)", "==", rest.replace("|", ",")))
    except InvalidSpecifier:
        return None
    fits = [one for one in PYTHONS if _fits(wanted, one)]
    if not fits or "|" in rest:
        return None
    if set(_OURS) <= set(fits):
        return None, "the Python that mlenv runs on is used"
    chosen = fits[-1] if PYTHONS[-1] not in fits else fits[0]
    return chosen, f"Python {chosen} is used"


def _fits(wanted: SpecifierSet, minor: str) -> bool:
    return wanted.contains(f"{minor}.0") or wanted.contains(f"{minor}.50")
