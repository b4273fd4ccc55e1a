"""What uv's resolver says when there is no solution, read into facts.

Its report is a chain of sentences, «Because A and B, we can conclude that C. And because D …».
The premises are facts (what depends on what, what was asked for, what does not exist); the
conclusions follow from them and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_ONE = r"(?:===|==|>=|<=|!=|~=|<|>)[A-Za-z0-9.*+!_-]*[A-Za-z0-9*]"
_NAME = r"(?<![\w.-])([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?"
_SPEC = rf"{_NAME}((?:{_ONE})(?:,{_ONE})*)?"
SPEC = re.compile(_SPEC)
_NOT_NAMES = frozenset(("and", "of", "one", "all", "any", "or", "you", "versions"))
_NEXT = r"(?= and (?:you require|only|there|the requested|we know|all versions) |$)"
_DEPENDS = re.compile(rf"{_SPEC} depends? on ")
_ASKED = re.compile(rf"you require (.+?){_NEXT}")
_MISSING = re.compile(rf"{_SPEC} was not found in (?:the |any )?([a-z ]+?)(?= and |$)")
_NONE = re.compile(rf"there (?:is|are) no versions? of {_SPEC}")
_ONLY = re.compile(rf"only (?:the following versions of )?{_SPEC} (?:is|are) available:?")
_YANKED = re.compile(
    rf"{_SPEC} was yanked(?: \(reason: (.{{1,300}}?)\) and| \(reason: (.{{1,300}})\))?"
)
_NO_WHEEL = re.compile(rf"{_SPEC} has no (usable|(?:wheels with a matching)) ?(Python|platform)?")
_UNUSABLE = re.compile(rf"{_SPEC} (?:has invalid metadata|could not be parsed|is incompatible)")
_SPLIT = re.compile(r"for split \((?:markers: )?(.{1,300}?)\)[:\s]")


@dataclass(frozen=True)
class Need:
    """``name``, in the versions ``spec``, needs ``on`` in the versions ``on_spec``."""

    name: str
    spec: str
    on: str
    on_spec: str


@dataclass
class Facts:
    """The premises of a report."""

    needs: list[Need] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    none: list[tuple[str, str]] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    yanked: list[tuple[str, str, str]] = field(default_factory=list)
    no_wheel: list[tuple[str, str, str]] = field(default_factory=list)
    split: str = ""

    def who_needs(self, name: str) -> Need | None:
        """One package that needs ``name``."""
        return next((one for one in self.needs if one.on == name), None)

    def path_to(self, name: str, roots: Iterable[str]) -> list[Need]:
        """The chain from something that was asked for to ``name``; empty where it is asked for."""
        wanted = set(roots)
        paths: list[tuple[str, list[Need]]] = [(name, [])]
        seen = {name}
        while paths:
            at, path = paths.pop(0)
            if at in wanted:
                return path
            for need in self.needs:
                if need.on == at and need.name not in seen:
                    seen.add(need.name)
                    paths.append((need.name, [need, *path]))
        return []


def read(text: str) -> Facts:
    """The facts in what uv wrote; empty where it speaks of something else."""
    facts = Facts()
    start = text.find("No solution found")
    if start < 0:
        return facts
    text = text[start:]
    if found := _SPLIT.search(text.split("cause:")[0]):
        facts.split = found[1]
    text = re.split(r"\n\s*hint:", text)[0]
    # Markers have words in them that the sentences are cut at.
    flat = re.sub(r"\s+", " ", re.sub(r"\{[^{}]*\}", "", re.sub(r"[│╰─▶├×]+", " ", text)))
    for part in re.split(r"\b[Bb]ecause ", flat)[1:]:
        premise = re.split(r",? we can conclude that ", part)[0].strip(" .")
        if not premise.startswith("we know from"):
            _premise(premise, facts)
        elif "and " in premise:
            _premise(premise.partition(" and ")[2], facts)
    return facts


def _premise(premise: str, facts: Facts) -> None:
    for found in _MISSING.finditer(premise):
        facts.missing.append((canonicalize_name(found[1]), found[3].strip()))
    for found in _NONE.finditer(premise):
        facts.none.append((canonicalize_name(found[1]), found[2] or ""))
    for found in _ONLY.finditer(premise):
        _only(premise, found, facts)
    for found in _YANKED.finditer(premise):
        reason = found[3] or found[4] or ""
        facts.yanked.append((canonicalize_name(found[1]), found[2] or "", reason))
    for found in _NO_WHEEL.finditer(premise):
        facts.no_wheel.append((canonicalize_name(found[1]), found[2] or "", found[4] or ""))
    depends = list(_DEPENDS.finditer(premise))
    for place, found in enumerate(depends):
        end = depends[place + 1].start() if place + 1 < len(depends) else len(premise)
        body = re.split(_NEXT.replace("|$", ""), premise[found.end() : end])[0]
        by_name: dict[str, list[str]] = {}
        for name, spec in _specs(body):
            by_name.setdefault(name, []).append(spec)
        for name, specs in by_name.items():
            need = Need(canonicalize_name(found[1]), found[2] or "", name, " or ".join(specs))
            if need not in facts.needs:
                facts.needs.append(need)
    for found in _ASKED.finditer(premise):
        for one in _specs(_DEPENDS.split(found[1])[0]):
            if one not in facts.asked:
                facts.asked.append(one)


def _only(premise: str, found: re.Match[str], facts: Facts) -> None:
    name = canonicalize_name(found[1])
    listed = [found[2] or ""] + [spec for at, spec in _specs(premise[found.end() :]) if at == name]
    versions = []
    for spec in listed:
        for part in spec.split(","):
            if part.startswith(("<=", "==")):
                try:
                    versions.append(Version(part[2:]))
                except InvalidVersion:
                    continue
    if versions:
        facts.newest[name] = str(max(versions))


def _specs(text: str) -> Iterable[tuple[str, str]]:
    for found in SPEC.finditer(text):
        if found[1] not in _NOT_NAMES:
            name = found[1] if found[1] == "Python" else canonicalize_name(found[1])
            yield name, found[2] or ""


def deciding(spec: str, others: Iterable[str]) -> str:
    """The part of ``spec`` that the others exclude: ``<2.3`` of ``>=1.24,<2.3`` beside ``>=2.3``.

    All of it where it cannot be told.
    """
    try:
        other = SpecifierSet(",".join(one for one in others if one))
        parts = [SpecifierSet(one) for one in spec.split(",")]
    except InvalidSpecifier:
        return shown(spec)
    versions = _around([*other, *(one for part in parts for one in part)])
    allowed = [one for one in versions if other.contains(one, prereleases=True)]
    kept = [part for part in parts if not any(part.contains(v, prereleases=True) for v in allowed)]
    return shown(",".join(map(str, kept)) if kept and allowed else spec)


def shown(spec: str) -> str:
    """A specifier without the ``.dev0`` that uv puts at the end of upper bounds."""
    return re.sub(r"(<\d[\d.]*)\.(?:dev|a|rc)0\b", r"\1", spec)


def _around(specifiers: Iterable[object]) -> list[Version]:
    """Versions at and beside each bound: enough to tell whether two ranges meet."""
    made = [Version("0"), Version("99999")]
    for one in specifiers:
        try:
            at = Version(re.sub(r"^[<>=!~]+|\.\*$", "", str(one)))
            last = at.release[-1]
            before = ".".join(map(str, (*at.release[:-1], max(last - 1, 0), 999)))
            made += [at, Version(f"{at.base_version}.1"), Version(before)]
        except InvalidVersion:
            continue
    return made
