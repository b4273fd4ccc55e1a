"""What a tool said when it failed, as one Problem that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mlenv_jupyter.builds.conflict import explain_unsolvable
from mlenv_jupyter.builds.culprits import any_version, lines_of
from mlenv_jupyter.builds.reach import PACKAGE, denied, not_found, offline, unreachable
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Culprit, Fix, Problem
from mlenv_jupyter.core.redact import redact

NOTHING = "Nothing was installed."
MAX_LINE = 4000
LAST_LINES = 8
Rule = Callable[[str, Definition], Problem | None]
_OUTPUT_OF_BUILD = re.compile(r"\n\s*\[std(?:out|err)\]\n[\s\S]*?(?=\nhint:|\Z)")
_NOISE = re.compile(
    r"\[std(?:out|err)\]|[\^~ ]*|(?:cause|Caused by): .*|Traceback \(most.*|During handling of .*"
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def explain(
    stage: str,
    output: Sequence[str],
    definition: Definition,
    *,
    pythons: Sequence[str] = (),
    version: str | None = None,
) -> Problem:
    """The Problem in the output of a failed tool.

    ``stage`` is the stage of the build that failed, ``output`` the lines that the tool wrote,
    ``pythons`` the versions of Python that are there, ``version`` the one that was built.
    """
    lines = [redact(_ANSI.sub("", line[:MAX_LINE])).rstrip() for line in output]
    text = "\n".join(lines)
    own = _OUTPUT_OF_BUILD.sub("", text)
    asked = (
        *((rule, text) for rule in _ANYWHERE),
        *((rule, own) for rule in _OF_UV),
        *((rule, text) for rule in _OF_PACKAGES),
    )
    found = (rule(said, definition) for rule, said in asked)
    problem = next((one for one in found if one is not None), None)
    if problem is None:
        problem = _python_missing(own, pythons) or _unknown(lines, stage)
    kept = NOTHING if version is None else f"Nothing was installed, and v{version} is unchanged."
    return _with_detail(problem, kept)


def _with_detail(problem: Problem, kept: str) -> Problem:
    detail = problem.detail
    if "\n" in detail:  # lines of a tool: they stand by themselves
        first, _, rest = detail.partition("\n")
        detail = f"{first} {kept}\n{rest}"
    else:
        detail = f"{detail} {kept}".strip()
    return Problem(
        code=problem.code,
        message=problem.message,
        detail=detail,
        remedy=problem.remedy,
        where=problem.where,
        culprits=problem.culprits,
        fixes=problem.fixes,
    )


def _disk_full(text: str, _: Definition) -> Problem | None:
    if not re.search(
        r"No space left on device|os error 28\b|Disk quota exceeded|os error 122\b", text
    ):
        return None
    place = re.search(r"`(/[^`]+)`: (?:No space|Disk quota)", text)
    return Problem(
        code="disk_full",
        message="The disk is full.",
        detail="There was no room left while packages were written.",
        remedy="Free disk space, or set MLENV_STORE to a directory on a larger disk.",
        where=place[1] if place else "",
    )


def _permission(text: str, _: Definition) -> Problem | None:
    found = re.search(r"`(/[^`]+)`: (Permission denied|Read-only file system)", text)
    return found and Problem(
        code="permission_denied",
        message=f"A directory cannot be written to: {found[2].lower()}.",
        remedy="Check that MLENV_HOME and MLENV_STORE are yours to write to.",
        where=found[1],
    )


def _hash(text: str, definition: Definition) -> Problem | None:
    found = re.search(r"Hash mismatch for `([^`]+)`(.*)", text, re.DOTALL)
    if not found:
        return None
    hashes = re.findall(r"sha256:([0-9a-f]{64})", found[2])
    name, _, version = found[1].partition("==")
    what = f"{name} {version}".split(" @ ")[0].strip()
    seen = f" It should be {hashes[0][:12]}… and is {hashes[-1][:12]}…." if len(hashes) > 1 else ""
    return Problem(
        code="hash_mismatch",
        message=f"The file of {what} is not the one that was locked.",
        detail=f"Its sha256 differs: it was damaged on the way, or replaced on the index.{seen}",
        remedy="Retry without cache. If it stays, ask who runs the index before you lock anew.",
        where=name,
        culprits=tuple(Culprit(one, "hash mismatch") for one in lines_of(definition, name)),
    )


def _syntax(text: str, definition: Definition) -> Problem | None:
    found = re.search(
        r"(?:Couldn't parse requirement in|Invalid URL in) `[^`]+` at position \d+:?(.*)", text
    )
    if not found:
        return None
    rest = text[found.end() :].split("\nhint:")[0].strip("\n").splitlines()
    why = re.sub(r"^\s*(?:cause|Caused by): ", "", rest[0]).strip() if rest else ""
    address = found[1].strip()
    line = address or (rest[1].strip() if len(rest) > 1 else "")
    culprits = [one for one in definition.pip.requirements if one == line]
    kind = "an address" if address else "a requirement"
    return Problem(
        code="invalid_address" if address else "invalid_requirement",
        message=f"{line!r} cannot be read as {kind}." if line else "A requirement cannot be read.",
        detail=f"{why[:1].upper()}{why[1:].rstrip('.')}." if why else "",
        remedy="Write https://… or file:///…."
        if address
        else "Write NAME, NAME==1.2 or NAME>=1,<2; one package a line.",
        where=f"pip.requirements[{definition.pip.requirements.index(line)}]" if culprits else line,
        culprits=tuple(Culprit(one, why) for one in culprits),
    )


def _git(text: str, definition: Definition) -> Problem | None:
    if "Git operation failed" not in text:
        return None
    found = PACKAGE.search(text)
    name = found[1] if found else ""
    said = [
        line.strip() for line in text.splitlines() if re.match(r"\s*(?:fatal|error|remote): ", line)
    ]
    reason = (said[-1] if said else text.strip().splitlines()[-1].strip()).removeprefix("fatal: ")
    return Problem(
        code="git_failed",
        message=f"The repository of {name or 'a package'} could not be fetched.",
        detail=reason.rstrip(".") + ".",
        remedy="Check the address, the branch or tag after @, and that this machine may read it.",
        where=name,
        culprits=tuple(Culprit(one, "not fetched") for one in lines_of(definition, name)),
    )


def _failed_build(text: str, definition: Definition) -> Problem | None:
    found = re.search(r"Failed to (?:download and )?build `([^`]+)`", text)
    if not found:
        return None
    name, _, version = re.split(r"\s@\s", found[1])[0].partition("==")
    said = text[found.end() :]
    hint = re.search(r"often confused for `([^`]+)`", said)
    printed = _printed(said)
    errors = [one for one in printed if re.match(r"[\w.]*(?:Error|Exception)\b.*:", one)]
    reason = errors[-1] if errors else next(iter(printed), "Its build ended with an error")
    last = [one for one in printed if one != reason][-LAST_LINES:]
    culprits = tuple(Culprit(one, "cannot be built here") for one in lines_of(definition, name))
    fixes: tuple[Fix, ...] = ()
    remedy = f"Take a version of {name} that has a wheel, or install what its build needs."
    if hint:
        remedy = f"Did you mean {hint[1]}?"
        fixes = tuple(
            Fix(f"Use {hint[1]}", remove=(one.requirement,), add=(hint[1],)) for one in culprits[:1]
        )
    elif version:
        fixes = any_version(definition, [name])
    return Problem(
        code="package_build_failed",
        message=f"{name} {version}".strip()
        + " has no wheel for this machine and could not be built.",
        detail="\n".join([reason.rstrip(".") + ".", *last]),
        remedy=remedy,
        where=name,
        culprits=culprits,
        fixes=fixes,
    )


def _printed(said: str) -> list[str]:
    """What a build printed itself, without the frames of a traceback."""
    made = []
    frame = None
    for line in re.split(r"\n\s*hint:", said)[0].splitlines():
        text = line.lstrip()
        indent = len(line) - len(text)
        if frame is not None and indent > frame:
            continue
        frame = indent if re.match(r'File ".*", line \d+', text) else None
        if frame is None and not _NOISE.fullmatch(text):
            made.append(text)
    return made


def _only_wheels(text: str, definition: Definition) -> Problem | None:
    """What came with a notebook is built of wheels alone until its reader says otherwise."""
    if ":all:" not in definition.pip.only_binary:
        return None
    found = re.search(
        r"Wheels are required for `([^`]+)`"
        r"|Package `([^`]+)` can't be installed because it is marked as `--no-build`",
        text,
    )
    if not found:
        return None
    name = found[1] or found[2]
    return Problem(
        code="needs_source",
        message=f"{name} has no wheel for this machine, and only wheels are allowed.",
        detail="To build it from source runs code of whoever published it.",
        remedy="If you trust it, restore the notebook again with its sources ticked "
        "(`mlenv notebook run --trust` ticks all); or take a version that has a wheel.",
        where=name,
        culprits=tuple(Culprit(one, "source only") for one in lines_of(definition, name)),
    )


def _unsolvable(text: str, definition: Definition) -> Problem | None:
    return explain_unsolvable(text, definition) if "No solution found" in text else None


def _python_missing(text: str, pythons: Sequence[str]) -> Problem | None:
    found = re.search(
        r"No interpreter found for (?:Python )?(\S+)|No download found for request: \w+-([\d.]+)"
        r"|Failed to install \w+-([\d.]+)",
        text,
    )
    if not found:
        return None
    wanted = (found[1] or found[2] or found[3]).rstrip(".,")
    there = ", ".join(pythons)
    return Problem(
        code="python_missing",
        message=f"Python {wanted} is not on this machine and could not be fetched.",
        detail=f"There are {there}." if there else "",
        remedy=f"Choose one that is here ({there})." if there else f"Install Python {wanted}.",
        where="python",
    )


def _unknown(lines: Sequence[str], stage: str) -> Problem:
    said = [line.strip() for line in lines if line.strip()]
    start = next(
        (n for n, line in enumerate(said) if line.startswith("error")), max(len(said) - 1, 0)
    )
    first = re.sub(r"^error:?\s*", "", said[start]) if said else ""
    more = [re.sub(r"^(?:cause|Caused by): ", "", line) for line in said[start + 1 :]][:LAST_LINES]
    return Problem(
        code="build_failed",
        message=(first.rstrip(".") or f"The build failed while {stage}, and did not say why") + ".",
        detail="\n".join(["", *more]).strip() if more else "",
        remedy="Read the log of the build.",
    )


# In the order in which they are asked. What a package's own build printed is hidden from those
# that are only about uv itself.
_ANYWHERE: tuple[Rule, ...] = (_disk_full, _hash)
_OF_UV: tuple[Rule, ...] = (
    offline,
    denied,
    _syntax,
    _git,
    not_found,
    unreachable,
    _permission,
)
_OF_PACKAGES: tuple[Rule, ...] = (_failed_build, _only_wheels, _unsolvable)
