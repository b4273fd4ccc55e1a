"""Why there is no set of packages that fits: the resolver's report, as a Problem."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from mlenv_jupyter.builds.culprits import (
    MOST_FIXES,
    any_version,
    lines_of,
    parsed_name,
    with_versions,
)
from mlenv_jupyter.builds.unsolvable import Facts, Need, deciding, read, shown
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Culprit, Fix, Problem
from mlenv_jupyter.core.popular import POPULAR, meant

MOST_NEEDS = 4
_PYTHON = "Python"


def explain_unsolvable(text: str, definition: Definition) -> Problem:
    """The Problem in a report of uv's resolver."""
    facts = read(text)
    if facts.missing:
        return _missing(facts, definition)
    names = list(dict.fromkeys([one for one, _ in facts.asked] + [one.name for one in facts.needs]))
    wanted = [one for one in names if lines_of(definition, one)]
    lines = [line for one in wanted for line in lines_of(definition, one)]
    among_packages = [one for one in facts.needs if one.on != _PYTHON]
    if len(lines) > 1 and (among_packages or len(wanted) == 1):
        return _conflict(facts, wanted, definition)
    if any(one.on == _PYTHON for one in facts.needs):
        return _python(text, facts, wanted, definition)
    if facts.no_wheel:
        return _no_wheel(text, facts, wanted, definition)
    if facts.yanked:
        return _yanked(facts, definition)
    if facts.none or facts.newest or wanted:
        return _no_version(facts, wanted, definition)
    why = re.sub(r"\s+", " ", text.split("cause:")[-1].split("\nhint:")[0]).strip()
    return Problem(
        code="unsolvable",
        message="These packages cannot be installed together.",
        detail=why[:1000],
        remedy="Allow other versions of one of them.",
    )


def _missing(facts: Facts, definition: Definition) -> Problem:
    name, place = facts.missing[0]
    lines = lines_of(definition, name)
    pip = definition.pip
    instead = meant(name)
    where = pip.index_url or ("one of the indexes" if pip.extra_index_urls else "the index")
    detail = f"Nothing of that name is on {where}."
    if pip.index_url:
        detail = "It answered that it has nothing of that name."
    if "cache" in place:
        detail = "Nothing of that name is in the cache."
    path = [] if lines else facts.path_to(name, map(parsed_name, pip.requirements))
    culprits = [Culprit(one, "not found") for one in lines]
    if path:
        detail = f"{_sentence(path, {})} {detail}"
        culprits = [
            Culprit(one, f"needs {name}, which is not found")
            for one in lines_of(definition, path[0].name)
        ]
    fixes = []
    for line in lines:
        if instead and (better := with_versions(line, _versions(line), name=instead)):
            fixes.append(Fix(f"Use {instead}", remove=(line,), add=(better,)))
        fixes.append(Fix(f"Remove {name}", remove=(line,)))
    remedy = "Check how it is spelled, or add the index that has it."
    if instead and lines:
        remedy = f"Did you mean {instead}?"
    elif name in POPULAR and where != "the index":
        remedy = "Check that the address is that of a package index, and that it answers."
    return Problem(
        code="unknown_package",
        message=f"There is no package named {name}{' on ' + where if pip.index_url else ''}.",
        detail=detail,
        remedy=remedy,
        where=_where(definition, lines) or name,
        culprits=tuple(culprits),
        fixes=tuple(fixes[:MOST_FIXES]),
    )


def _conflict(facts: Facts, wanted: list[str], definition: Definition) -> Problem:
    asked = {one: [_versions(line) for line in lines_of(definition, one)] for one in wanted}
    edges = [one for one in facts.needs if one.on != _PYTHON]
    limited = [one for one in wanted if any(edge.on == one for edge in edges)]
    names = [*limited, *(one for one in wanted if one not in limited)]
    others = {
        name: [*asked.get(name, []), *(edge.on_spec for edge in edges if edge.on == name)]
        for name in {edge.on for edge in edges}
    }
    detail = _sentence(facts.needs, others)
    too = [f"{name}{shown(spec)}" for name in limited for spec in asked[name] if spec]
    if len(wanted) == 1:
        one = wanted[0]
        lines = lines_of(definition, one)
        message = f"{_listed([line.split(';')[0] for line in lines])} exclude each other."
        detail = f"You ask for {one} in {len(lines)} ways that no version fits."
        newest_last = sorted(lines, key=_height)
        fixes = [
            Fix(f"Keep {keep}", remove=tuple(line for line in lines if line != keep))
            for keep in reversed(newest_last)
        ]
        culprits = [
            Culprit(line, f"conflicts with {', '.join(o for o in lines if o != line)}")
            for line in lines
        ]
    else:
        message = f"{_listed(names)} cannot be installed together."
        if too:
            detail = f"{detail[:-1]}, and you ask for {_listed(too)}." if detail else ""
        culprits = _culprits(names, limited, edges, others, definition)
        fixes = _fixes(names, limited, edges, others, definition)
    if facts.split:
        detail += f" That is so where {facts.split}."
    lines = [one.requirement for one in culprits]
    return Problem(
        code="conflict",
        message=message,
        detail=detail.strip(),
        remedy="Allow another version of one of them.",
        where=_where(definition, lines),
        culprits=tuple(culprits),
        fixes=tuple(fixes[:MOST_FIXES]),
    )


def _culprits(
    names: list[str],
    limited: list[str],
    edges: list[Need],
    others: dict[str, list[str]],
    definition: Definition,
) -> list[Culprit]:
    made = []
    for name in names:
        needs = [edge for edge in edges if edge.name == name]
        if needs:
            note = "needs " + _listed(
                dict.fromkeys(f"{one.on}{_deciding(one, others)}" for one in needs[:2])
            )
        elif name in limited:
            against = [line for one in names if one != name for line in lines_of(definition, one)]
            note = f"conflicts with {_listed(against)}"
        else:
            note = "is part of the conflict"
        made += [Culprit(line, note) for line in lines_of(definition, name)]
    return made


def _fixes(
    names: list[str],
    limited: list[str],
    edges: list[Need],
    others: dict[str, list[str]],
    definition: Definition,
) -> list[Fix]:
    free = any_version(definition, [one for one in names if one not in limited])
    narrowed = []
    for name in limited:
        needs = [edge for edge in edges if edge.on == name and edge.name in names]
        for line in lines_of(definition, name):
            spec = _deciding(needs[0], others) if len(needs) == 1 else ""
            if spec and " or " not in spec and (better := with_versions(line, spec)):
                narrowed.append(Fix(f"Use {name}{spec}", remove=(line,), add=(better,)))
    return [*free[:1], *narrowed, *any_version(definition, limited), *free[1:]]


def _python(text: str, facts: Facts, wanted: list[str], definition: Definition) -> Problem:
    found = re.search(r"requested Python version \([>=~]*(\d+\.\d+)", text)
    python = definition.python or (found[1] if found else "")
    needs = [one for one in facts.needs if one.on == _PYTHON]
    need = min(needs, key=lambda one: _height(one.on_spec))
    lines = [line for one in wanted for line in lines_of(definition, one)]
    what = lines[0] if len(lines) == 1 and need.name in wanted else _what(need)
    path = facts.path_to(need.name, wanted)
    least = re.match(r">=(\d+\.\d+)(?:\.\d+)?$", need.on_spec)
    which = f"Python {least[1]} or newer" if least else f"Python {shown(need.on_spec)}"
    return Problem(
        code="requires_python",
        message=f"{what} does not work with Python {python}.".replace(" .", "."),
        detail=_sentence([*path, need], {}) or f"It needs {which}.",
        remedy=f"Choose {which} for this environment, or allow an older version.",
        where="python",
        culprits=tuple(Culprit(line, f"needs {which}") for line in lines),
        fixes=any_version(definition, wanted),
    )


def _no_wheel(text: str, facts: Facts, wanted: list[str], definition: Definition) -> Problem:
    name, spec, kind = facts.no_wheel[0]
    hint = re.search(r"hint: .*?(?:platforms|tags): ((?:`[\w.]+`(?:, )?)+)", text)
    tags = re.findall(r"`([\w.]+)`", hint[1]) if hint else []
    pythons = dict.fromkeys(
        f"3.{found[1]}" for one in tags if (found := re.match(r"cp3(\d+)", one))
    )
    lines = lines_of(definition, name)
    if "building from source is disabled" in text:
        detail = "It comes as source only, and building from source is switched off."
        remedy = f"Take a version of {name} that has a wheel."
    elif kind == "platform":
        detail = f"There are wheels for {', '.join(tags)}." if tags else "There is none for it."
        remedy = f"Take another version of {name}, or something else that runs here."
    else:
        detail = f"There are wheels for Python {_listed(pythons)}." if pythons else ""
        remedy = f"Take another version of {name}, or another Python."
    this_python = f"Python {definition.python}" if definition.python else "this Python"
    where = {"platform": "this platform"}.get(kind, this_python if kind else "this machine")
    path = [] if lines else facts.path_to(name, wanted)
    return Problem(
        code="no_wheel",
        message=f"{_what(Need(name, spec, '', ''))} has no wheel for {where}.",
        detail=f"{_sentence(path, {})} {detail}".strip(),
        remedy=remedy,
        where=_where(definition, lines) or name,
        culprits=tuple(Culprit(line, f"no wheel for {where}") for line in lines),
        fixes=any_version(definition, [name, *(one.name for one in path[:1])]),
    )


def _yanked(facts: Facts, definition: Definition) -> Problem:
    name, spec, reason = facts.yanked[0]
    lines = lines_of(definition, name)
    return Problem(
        code="yanked",
        message=f"{_what(Need(name, spec, '', ''))} was withdrawn by its makers.",
        detail=f"They say: {reason.rstrip('.')}." if reason else "",
        remedy=f"Take another version of {name}.",
        where=_where(definition, lines) or name,
        culprits=tuple(Culprit(line, "withdrawn") for line in lines),
        fixes=any_version(definition, [name]),
    )


def _no_version(facts: Facts, wanted: list[str], definition: Definition) -> Problem:
    name = next(iter([*(one for one, _ in facts.none), *facts.newest, *wanted]))
    lines = lines_of(definition, name)
    need = None if lines else facts.who_needs(name)
    newest = facts.newest.get(name)
    spec = dict(facts.none).get(name) or (_versions(lines[0]) if lines else "")
    if need:
        spec = need.on_spec
    path = facts.path_to(name, wanted) if need else []
    detail = f"{_sentence(path, {})} " if path else ""
    detail += f"The newest is {newest}." if newest else "The index has other versions of it."
    culprits = [Culprit(line, "no such version") for line in lines]
    if path:
        culprits = [
            Culprit(line, f"needs {name}{shown(spec)}, which is not there")
            for line in lines_of(definition, path[0].name)
        ]
    fixes = list(
        any_version(definition, [name if lines else path[0].name] if lines or path else [])
    )
    if newest and lines and (better := with_versions(lines[0], f"=={newest}")):
        fixes.insert(0, Fix(f"Use {name} {newest}", remove=(lines[0],), add=(better,)))
    return Problem(
        code="no_such_version",
        message=f"There is no {name}{shown(spec)}.",
        detail=detail,
        remedy=f"Use {name} {newest}, or any version."
        if newest
        else f"Allow other versions of {name}.",
        where=_where(definition, lines) or name,
        culprits=tuple(culprits),
        fixes=tuple(fixes[:MOST_FIXES]),
    )


def _sentence(needs: Iterable[Need], others: dict[str, list[str]]) -> str:
    """«numba 0.61.2 needs numpy<2.3, and …»"""
    said = dict.fromkeys(f"{_what(one)} needs {one.on}{_deciding(one, others)}" for one in needs)
    parts = list(said)[:MOST_NEEDS]
    return _listed(parts, comma=True) + "." if parts else ""


def _deciding(need: Need, others: dict[str, list[str]]) -> str:
    rest = [spec for spec in others.get(need.on, []) if spec != need.on_spec and " or " not in spec]
    return deciding(need.on_spec, rest) if rest else shown(need.on_spec)


def _what(need: Need) -> str:
    exact = re.fullmatch(r"==([^,*]+)", need.spec)
    return f"{need.name} {exact[1]}" if exact else f"{need.name}{shown(need.spec)}"


def _listed(parts: Iterable[str], *, comma: bool = False) -> str:
    *first, last = parts
    return f"{', '.join(first)}{',' if comma else ''} and {last}" if first else last


def _versions(line: str) -> str:
    return ",".join(sorted(map(str, Requirement(line).specifier)))


def _height(line: str) -> Version:
    """How high a requirement reaches, to tell newer from older."""
    try:
        specifiers = SpecifierSet(re.sub(r"^[^<>=!~]*|;.*| or .*", "", line))
        return max((Version(one.version.rstrip(".*")) for one in specifiers), default=Version("0"))
    except (InvalidSpecifier, InvalidVersion):
        return Version("0")


def _where(definition: Definition, lines: list[str]) -> str:
    every = definition.pip.requirements
    return f"pip.requirements[{every.index(lines[0])}]" if lines and lines[0] in every else ""
