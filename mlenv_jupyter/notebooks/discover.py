"""What a notebook needs that does not say so: requirements proposed from its imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.popular import IMPORTED_AS, POPULAR

OWN = frozenset(["IPython", "ipykernel", "mlenv_jupyter"])
"""What every kernel of mlenv has anyway."""


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """One import: the package that brings it, and how that is known.

    ``known_by``: installed here, in the table, a popular name, or pigar's database.
    """

    module: str
    requirement: str
    known_by: str


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What the imports of a notebook come to; ``unknown`` are proposed by nobody.

    A name that only looks right is not proposed: anybody may publish a package of that name.
    """

    proposed: tuple[Proposed, ...]
    unknown: tuple[str, ...]
    unread: int


def discover(
    sources: Sequence[str],
    *,
    beside: Iterable[str] = (),
    installed: Mapping[str, Sequence[str]],
    bringers: Callable[[str], Sequence[str]] = lambda _: (),
) -> Discovery:
    """Propose requirements from the code cells of a notebook; nothing of it is run.

    ``beside`` are the names of files and directories next to it, ``installed`` the distributions
    by the modules that they bring, as ``importlib.metadata`` has them, ``bringers`` answers the
    canonical names of those that are known to bring a module.
    """
    own = {name.partition(".")[0] for name in beside}
    imported, unread = _imports(sources)
    roots = {name.partition(".")[0] for name in imported}
    proposed: dict[str, Proposed] = {}
    unknown: set[str] = set()
    for root in sorted(roots - own - OWN - set(sys.stdlib_module_names)):
        here = sorted({canonicalize_name(one) for one in installed.get(root, ())})
        package, known_by = _package(root, here)
        if package is not None:
            proposed[package] = Proposed(module=root, requirement=package, known_by=known_by)
            continue
        known = bringers(root)
        below = {one for one in imported if one.startswith(f"{root}.")}
        parts = {name: _part(name, here, known) for name in sorted(below)}
        if any(parts.values()):
            for name, part in parts.items():
                if part is not None:
                    proposed.setdefault(part.requirement, part)
                else:
                    unknown.add(".".join(name.split(".")[:2]))
            continue
        package = _sure(root, known)
        if package is None:
            unknown.add(root)
        else:
            found = Proposed(module=root, requirement=package, known_by="pigar")
            proposed.setdefault(package, found)
    items = sorted(proposed.values(), key=lambda one: one.module)
    return Discovery(proposed=tuple(items), unknown=tuple(sorted(unknown)), unread=unread)


def _package(module: str, here: Sequence[str]) -> tuple[str | None, str]:
    if len(here) == 1:
        return here[0], "installed"
    name = canonicalize_name(module)
    named = IMPORTED_AS.get(name)
    if named is not None:
        return named, "table"
    if name in POPULAR or name in here:
        return name, "name"
    return None, ""


def _part(name: str, here: Sequence[str], known: Sequence[str]) -> Proposed | None:
    """What brings a part of a module that many share: ``azure.ai.ml`` is of azure-ai-ml."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        module = ".".join(parts[:end])
        package = canonicalize_name(module)
        known_by = _who(package, here, known)
        if known_by:
            return Proposed(module=module, requirement=package, known_by=known_by)
    return None


def _who(package: str, here: Sequence[str], known: Sequence[str]) -> str:
    if package in here:
        return "installed"
    if package in POPULAR:
        return "name"
    return "pigar" if package in known else ""


def _sure(module: str, known: Sequence[str]) -> str | None:
    """The one of several packages that is meant: the popular one, else that of the very name.

    Copies and forks bring the same modules; where neither tells, none is proposed.
    """
    popular = [one for one in known if one in POPULAR]
    if len(popular) == 1:
        return popular[0]
    name = canonicalize_name(module)
    if name in known:
        return name
    return known[0] if len(known) == 1 else None


def _imports(sources: Iterable[str]) -> tuple[set[str], int]:
    """What code imports, with dots, and how many cells cannot be read.

    ``from a import b`` is ``a.b``, which may be a module or a name in one.
    """
    found: set[str] = set()
    unread = 0
    for source in sources:
        if source.lstrip().startswith("%%"):
            head = source.lstrip().partition("\n")[0].split()[0]
            if head not in ("%%time", "%%timeit", "%%capture"):
                continue
            source = source.lstrip().partition("\n")[2]
        try:
            tree = ast.parse("\n".join(map(_without_magic, source.splitlines())))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            unread += 1
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found, unread


def _without_magic(line: str) -> str:
    text = line.lstrip()
    is_magic = text.startswith(("%", "!", "?")) or text.rstrip().endswith("?")
    return line[: len(line) - len(text)] + "pass" if is_magic else line
