"""What rattler said when it failed, as one Problem that a person can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from mlenv_jupyter.builds.conda.engine import RattlerFailed
from mlenv_jupyter.builds.conda.tree import Need, Report, read_report
from mlenv_jupyter.builds.culprits import MOST_FIXES
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Culprit, Fix, Problem
from mlenv_jupyter.core.matchspec import parse

NOTHING = "Nothing was installed."
WHERE = "conda.packages"
_URL = re.compile(r"url \(([^)]+)\)|channel '([^']+)'")
_CAUSES = (
    (r"dns error|failed to lookup|resolving DNS", "its name is not known"),
    (r"[Cc]ertificate|[Tt][Ll][Ss] ", "its certificate is not trusted"),
    (r"Connection refused|tcp connect error", "it refused the connection"),
    (r"timed? ?out", "it did not answer in time"),
    (r"[Nn]etwork is unreachable|No route to host", "there is no way to it from here"),
)
_VIRTUAL = {
    "__cuda": "an NVIDIA driver (CUDA)",
    "__glibc": "a C library (glibc)",
    "__osx": "macOS",
    "__win": "Windows",
    "__linux": "Linux",
    "__unix": "Linux or macOS",
    "__archspec": "a processor",
}


def explain_rattler(failed: RattlerFailed, definition: Definition) -> Problem:
    """The Problem in what rattler said."""
    if failed.kind == "channel":
        return _channel(failed.text)
    if failed.kind == "spec":
        spec, _, why = failed.text.partition(": ")
        return Problem(
            code="invalid_requirement",
            message=f"{spec} is not a conda package.",
            detail=f"{_sentence(why)} {NOTHING}",
            remedy="Write NAME, NAME=1.2 or NAME>=1,<2.",
            where=WHERE,
            culprits=(Culprit(spec, "cannot be read"),),
        )
    if failed.kind == "install":
        return _install(failed.text)
    report = read_report(failed.text)
    for name, spec in report.none:
        return _none(name, spec, report, failed, definition)
    return _conflict(report, failed, definition)


def _conflict(report: Report, failed: RattlerFailed, definition: Definition) -> Problem:
    names = list(dict.fromkeys(name for name, _ in report.roots))
    needs = [need for chain in report.chains for need in chain]
    python = _python_line(definition)
    asked = {name: lines_of(definition, name) for name in names}
    if not names:
        return Problem(
            code="unsolvable",
            message="These conda packages cannot be installed together.",
            detail=f"{failed.text.strip()[:1000]} {NOTHING}",
            remedy="Allow other versions of one of them.",
            where=WHERE,
        )
    if len(names) == 1:
        lines = asked[names[0]]
        message = f"{listed(lines or names)} exclude each other."
        detail = f"You ask for {names[0]} in {len(lines)} ways that no version fits."
        notes = {line: f"conflicts with {listed(o for o in lines if o != line)}" for line in lines}
        fixes = [
            Fix(f"Keep {keep}", remove=tuple(one for one in lines if one != keep)) for keep in lines
        ]
    else:
        message = f"{listed(names)} cannot be installed together."
        said = [_told(chain) for chain in report.chains if chain]
        own = [
            f"you ask for {name}{spec}"
            for (name, spec), chain in zip(report.roots, report.chains, strict=True)
            if not chain and spec
        ]
        detail = _sentence(", and ".join([*said, *own]))
        notes = {}
        for (name, _), chain in zip(report.roots, report.chains, strict=True):
            note = f"needs {chain[-1].on}{chain[-1].spec}" if chain else "conflicts with the rest"
            for line in asked[name]:
                notes[line] = note
            if name == "python" and python:
                notes[python] = "is what you ask for"
        fixes = [*_narrowed(report, needs, definition), *_freed(names, definition)]
        fixes += [Fix(f"Remove {name}", remove=tuple(asked[name])) for name in names if asked[name]]
    return Problem(
        code="conflict",
        message=message,
        detail=f"{detail} {NOTHING}",
        remedy="Allow another version of one of them, or leave one out.",
        where="python" if "python" in names and not any(asked.values()) else WHERE,
        culprits=tuple(Culprit(line, note) for line, note in notes.items()),
        fixes=tuple(fixes[:MOST_FIXES]),
    )


def _none(
    name: str, spec: str, report: Report, failed: RattlerFailed, definition: Definition
) -> Problem:
    """There is nothing of a name, or not in the versions that are asked for."""
    chain = next((one for one in report.chains if one and one[-1].on == name), [])
    lines = lines_of(definition, chain[0].name if chain else name)
    said = _told(chain)
    wanted = _shown(name, spec)
    if chain and (lines_of(definition, name) or (name == "python" and definition.python)):
        return _against(chain, definition)
    if name.startswith("__"):
        what = _VIRTUAL.get(name, name)
        return Problem(
            code="virtual_package",
            message=f"{lines[0] if lines else wanted} needs {what}, which this machine lacks.",
            detail=_sentence(said or f"{wanted} is asked for") + f" {NOTHING}",
            remedy="Build it on a machine that has it, or choose another build of the package. "
            f"CONDA_OVERRIDE_{name[2:].upper()} says that it will be there.",
            where=WHERE,
            culprits=tuple(Culprit(one, f"needs {wanted}") for one in lines),
        )
    versions = failed.known.get(name, ())
    if not versions:
        close = difflib.get_close_matches(name, failed.names, n=1, cutoff=0.75)
        fixes = [Fix(f"Remove {name}", remove=tuple(lines))] if lines and not chain else []
        if close and lines and not chain:
            better = re.sub(rf"^((?:.*::)?){re.escape(name)}", rf"\g<1>{close[0]}", lines[0])
            fixes.insert(0, Fix(f"Use {close[0]}", remove=(lines[0],), add=(better,)))
        return Problem(
            code="unknown_package",
            message=f"There is no conda package named {name}.",
            detail=_sentence(said or "No channel has anything of that name for this platform")
            + f" {NOTHING}",
            remedy=f"Did you mean {close[0]}?"
            if close
            else "Check how it is spelled, add the channel that has it, or put it under pip.",
            where=WHERE if lines else name,
            culprits=tuple(Culprit(one, "not found") for one in lines),
            fixes=tuple(fixes[:MOST_FIXES]),
        )
    fixes = [
        Fix(f"Use {name} (any version)", remove=(line,), add=(name,))
        for line in lines
        if not chain and line != name
    ]
    if name == "python" and not chain:
        wanted = f"Python {definition.python or spec}"
    there = ", ".join(versions[:6]) + (", …" if len(versions) > 6 else "")
    return Problem(
        code="python_missing" if name == "python" else "no_version",
        message=f"There is no {wanted} on the channels.",
        detail=_sentence(said) + (" " if said else "") + f"They have {there}. {NOTHING}",
        remedy="Choose one of those, or add the channel that has it.",
        where="python" if name == "python" and not lines else WHERE,
        culprits=tuple(
            Culprit(one, f"needs {wanted}" if chain else "no such version") for one in lines
        ),
        fixes=tuple(fixes[:MOST_FIXES]),
    )


def _against(chain: list[Need], definition: Definition) -> Problem:
    """What a package needs is not what you ask for of that name."""
    need = chain[-1]
    own, theirs = lines_of(definition, need.on), lines_of(definition, chain[0].name)
    culprits = [Culprit(one, f"needs {_shown(need.on, need.spec)}") for one in theirs]
    if need.on == "python" and not own:
        version = re.match(r"(?:=|==|>=|)(3\.\d+)", need.spec)
        which = f"Python {version[1]}" if version else f"Python {need.spec}"
        return Problem(
            code="requires_python",
            message=f"{listed(theirs) or chain[0].name} does not work with "
            f"Python {definition.python} here.",
            detail=f"{_sentence(_told(chain))} {NOTHING}",
            remedy=f"Choose {which} for this environment, or allow another version of it.",
            where="python",
            culprits=tuple(culprits),
            fixes=tuple(_freed([chain[0].name], definition)[:MOST_FIXES]),
        )
    fixes = [
        *(
            Fix(f"Use {_shown(need.on, need.spec)}", remove=(one,), add=(f"{need.on}{need.spec}",))
            for one in own
            if need.spec[:1] in "<>=!~"
        ),
        *_freed([chain[0].name], definition),
        *(Fix(f"Remove {chain[0].name}", remove=(one,)) for one in theirs),
    ]
    return Problem(
        code="conflict",
        message=f"{listed([*own, *theirs])} cannot be installed together.",
        detail=f"{_sentence(_told(chain) + ', and you ask for ' + listed(own))} {NOTHING}",
        remedy="Allow another version of one of them, or leave one out.",
        where=WHERE,
        culprits=(*(Culprit(one, f"conflicts with {listed(theirs)}") for one in own), *culprits),
        fixes=tuple(fixes[:MOST_FIXES]),
    )


def _channel(text: str) -> Problem:
    found = _URL.search(text)
    place = (found[1] or found[2]) if found else ""
    channel = re.sub(r"/(?:noarch|linux-\w+|osx-\w+|win-\w+)(?:/[^/]*)?/?$", "", place)
    status = re.search(r"\((40[137])\b", text)
    if status:
        return Problem(
            code="channel_denied",
            message=f"The channel {channel} does not let us in ({status[1]}).",
            detail=NOTHING,
            remedy="Put https://${USER}:${PASSWORD}@… or /t/${TOKEN}/ in its address, and set "
            "those where builds run.",
            where="conda.channels",
        )
    if "could not find subdir" in text or re.search(r"\(404\b", text):
        return Problem(
            code="channel_missing",
            message=f"There is no channel at {channel or 'that address'}.",
            detail=f"It has nothing for any platform. {NOTHING}",
            remedy="Check the address and the name of the channel.",
            where="conda.channels",
        )
    why = next((words for pattern, words in _CAUSES if re.search(pattern, text)), "")
    return Problem(
        code="channel_unreachable",
        message=f"{f'The channel {channel}' if channel else 'A channel'} could not be reached"
        f"{': ' + why if why else ''}.",
        detail=f"{_sentence(text.strip().splitlines()[-1])} {NOTHING}",
        remedy="Check the address of the channel, the network and the proxy, and retry.",
        where="conda.channels",
    )


def _install(text: str) -> Problem:
    lines = [line.strip() for line in text.strip().splitlines()]
    if "No space left" in text or "os error 28" in text:
        return Problem(
            code="disk_full",
            message="The disk is full.",
            detail="There was no room left while packages were written.",
            remedy="Free disk space, or set MLENV_STORE to a directory on a larger disk.",
        )
    if re.search(r"hash mismatch|expected sha256|Hash Mismatch", text, re.IGNORECASE):
        return Problem(
            code="hash_mismatch",
            message="The file of a conda package is not the one that was locked.",
            detail=f"{_sentence(lines[-1])} {NOTHING}",
            remedy="Retry without cache. If it stays, ask who runs the channel.",
            where="conda.channels",
        )
    if re.search(r"error sending request|HTTP status|dns error", text):
        problem = _channel(text)
        if problem.code != "channel_missing":
            return problem
        return Problem(
            code="file_not_found",
            message="A conda package is not on its channel any more (404).",
            detail=f"{_sentence(lines[-1])} {NOTHING}",
            remedy="Refresh the environment: what is locked cannot be had any more.",
            where="conda.channels",
        )
    return Problem(
        code="build_failed",
        message=_sentence(lines[0] if lines else "The conda packages could not be installed"),
        detail="\n".join(lines[1:8]) or NOTHING,
        remedy="Retry without cache; read the log of the build.",
    )


def lines_of(definition: Definition, name: str) -> list[str]:
    """The conda packages of a definition that ask for a name, as they are written there."""
    return [
        line for line in definition.conda.packages if (spec := parse(line)) and spec.name == name
    ]


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    kept = list(words)
    return " and ".join([", ".join(kept[:-1]), kept[-1]]) if len(kept) > 1 else "".join(kept)


def _python_line(definition: Definition) -> str:
    return f"python={definition.python}" if definition.python else ""


def _narrowed(report: Report, needs: list[Need], definition: Definition) -> list[Fix]:
    """For a package that you pinned and that another one needs otherwise: what that one needs."""
    made = []
    for name, spec in report.roots:
        others = [one for one in needs if one.on == name and one.spec]
        for line in lines_of(definition, name):
            if spec and others:
                made.append(
                    Fix(
                        f"Use {name}{others[0].spec}",
                        remove=(line,),
                        add=(f"{name}{others[0].spec}",),
                    )
                )
    return made


def _freed(names: Iterable[str], definition: Definition) -> list[Fix]:
    return [
        Fix(f"Use {name} (any version)", remove=(line,), add=(name,))
        for name in names
        for line in lines_of(definition, name)
        if line != name and "::" not in line
    ]


def _told(chain: list[Need]) -> str:
    """``wrapper needs newapp, which needs padding>=2``."""
    if not chain:
        return ""
    first = chain[0]
    newest = first.versions.split(" | ")[-1]
    text = f"{first.name} {newest}".strip()
    for place, one in enumerate(chain):
        verb = "excludes all but" if one.limits else "needs"
        text += f"{', which' if place else ''} {verb} {_shown(one.on, one.spec)}"
    return text


def _shown(name: str, spec: str) -> str:
    return f"{name}{spec}" if spec[:1] in "<>=!~" else f"{name} {spec}".strip()


def _sentence(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip().rstrip(".")
    return (
        f"{text[0].upper() + text[1:] if text[0].islower() and ' ' not in text else text}."
        if (text)
        else ""
    )
