"""What a notebook needs that does not say so: requirements proposed from its imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.popular import IMPORTED_AS, POPULAR

OWN = frozenset(["IPython", "ipykernel", "mlenv_jupyter"])
"""What every kernel of mlenv has anyway."""


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """One import: the package that brings it, and how that is known."""

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
    sources: Sequence[str], *, beside: Iterable[str] = (), installed: Mapping[str, Sequence[str]]
) -> Discovery:
    """Propose requirements from the code cells of a notebook; nothing of it is run.

    ``beside`` are the names of files and directories next to it, ``installed`` the distributions
    by the modules that they bring, as ``importlib.metadata`` has them.
    """
    own = {name.partition(".")[0] for name in beside}
    found, unread = _imports(sources)
    proposed, unknown = [], []
    for module in sorted(found - own - OWN - set(sys.stdlib_module_names)):
        package, known_by = _package(module, installed)
        if package is None:
            unknown.append(module)
        else:
            proposed.append(Proposed(module=module, requirement=package, known_by=known_by))
    return Discovery(proposed=tuple(proposed), unknown=tuple(unknown), unread=unread)


def _package(module: str, installed: Mapping[str, Sequence[str]]) -> tuple[str | None, str]:
    here = sorted({canonicalize_name(one) for one in installed.get(module, ())})
    if len(here) == 1:
        return here[0], "installed"
    name = canonicalize_name(module)
    named = IMPORTED_AS.get(name)
    if named is not None:
        return named, "table"
    if name in POPULAR or name in here:
        return name, "name"
    return None, ""


def _imports(sources: Iterable[str]) -> tuple[set[str], int]:
    """The top-level modules that code imports, and how many cells cannot be read."""
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
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found, unread


def _without_magic(line: str) -> str:
    text = line.lstrip()
    is_magic = text.startswith(("%", "!", "?")) or text.rstrip().endswith("?")
    return line[: len(line) - len(text)] + "pass" if is_magic else line
