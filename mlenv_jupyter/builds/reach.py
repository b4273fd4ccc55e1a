"""Indexes and files that could not be had: what uv said, as Problems."""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

from mlenv_jupyter.builds.culprits import lines_of
from mlenv_jupyter.builds.unsolvable import read
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Culprit, Fix, Problem

URL = re.compile(r"\b(?:https?|file|git\+\w+)://[^\s`'\")]+")
PACKAGE = re.compile(r"`([A-Za-z0-9][A-Za-z0-9._-]*)(==[^`@\s]+| @ [^`]+)?`")


def denied(text: str, definition: Definition) -> Problem | None:
    hint = re.search(r"index(?: URL)? \(([^)]+)\).{0,80}?\b(401|403|407)\b", text)
    status = re.search(r"\((40[137])\s[A-Za-z ]+\)(?: for url \(([^)]+)\))?", text)
    if not hint and not status:
        return None
    code = hint[2] if hint else status[1] if status else ""
    place = hint[1] if hint else (status and status[2]) or ""
    word = {
        "401": "asks for a user and password",
        "407": "is behind a proxy that asks for a password",
    }
    return Problem(
        code="index_denied",
        message=f"The index {_host(place)} {word.get(code, 'does not let us in')} ({code}).",
        detail=f"The answer came from {place}." if place else "",
        remedy="Put https://${USER}:${PASSWORD}@… in its address, and set both where builds run; "
        "or use a ~/.netrc file.",
        where=_option_of(place, definition),
    )


def offline(text: str, _: Definition) -> Problem | None:
    if "network was disabled" not in text and "Network connectivity is disabled" not in text:
        return None
    names = [name for name, _ in read(text).missing] or [one[0] for one in PACKAGE.findall(text)]
    what = ", ".join(dict.fromkeys(names)) or "A file that is needed"
    return Problem(
        code="offline",
        message=f"{what} is not in the cache, and the network is switched off.",
        remedy="Import a bundle that has it (`mlenv bundle` makes one where there is a network), "
        "give find_links a directory that has the wheels, or switch the network on again: "
        "c.Workspace.offline, UV_OFFLINE.",
        where=names[0] if names else "",
    )


_CAUSES = (
    (
        r"dns error|failed to lookup|Could not resolve host|Name or service not known",
        "its name is not known",
    ),
    (r"[Cc]ertificate|[Tt][Ll][Ss] (?:handshake|error)|SSL", "its certificate is not trusted"),
    (r"Connection refused", "it refused the connection"),
    (r"timed? ?out|deadline", "it did not answer in time"),
    (r"[Nn]etwork is unreachable|No route to host", "there is no way to it from here"),
    (
        r"[Cc]onnection reset|broken pipe|unexpected EOF|connection closed|IncompleteMessage",
        "it broke off",
    ),
    (r"tunnel|proxy", "the proxy did not let it through"),
)


def unreachable(text: str, definition: Definition) -> Problem | None:
    found = re.search(
        r"(?:Failed to fetch|for url|error sending request|unable to access)[^\n]*", text
    )
    if not found:
        return None
    place = (URL.search(found[0]) or URL.search(text) or [""])[0].rstrip(":/")
    where = _option_of(place, definition)
    server = re.search(r"\((5\d\d) ([A-Za-z ]+)\)", text)
    if server:
        return Problem(
            code="index_error",
            message=f"The index {_host(place)} has a fault of its own ({server[1]}).",
            detail=f"It answered «{server[2]}».",
            remedy="Try again in a while, or use another index.",
            where=where,
        )
    why = next((words for pattern, words in _CAUSES if re.search(pattern, text)), "")
    tls = "certificate" in why
    last = [line.strip() for line in text.splitlines() if "cause" in line.lower()][-1:]
    return Problem(
        code="index_tls" if tls else "index_unreachable",
        message=f"{_host(place)} could not be reached{': ' + why if why else ''}.",
        detail=re.sub(r"^(?:cause|Caused by): ", "", last[0]).rstrip(".") + "." if last else "",
        remedy="Set SSL_CERT_FILE to the certificates of your organisation."
        if tls
        else "Check the address of the index, the network and the proxy, and retry.",
        where=where,
    )


def not_found(text: str, definition: Definition) -> Problem | None:
    missing = re.search(r"Distribution not found at: (\S+)", text)
    if not missing and not re.search(r"404 Not Found", text):
        return None
    found = PACKAGE.search(text)
    name = found[1] if found else ""
    place = missing[1] if missing else (URL.search(text) or [""])[0]
    if missing and not name:
        name = next((n for n, at in _direct(definition).items() if place.split("?")[0] in at), "")
    return Problem(
        code="file_not_found",
        message=f"The file of {name or 'a package'} is not where it should be (404)."
        if not missing
        else f"There is no file {place}.",
        detail=f"{place} does not exist." if not missing else "",
        remedy="Correct the address, or take the package from the index by its name.",
        where=name,
        culprits=tuple(Culprit(one, "not found") for one in lines_of(definition, name)),
        fixes=_without_address(definition, name),
    )


def _host(address: str) -> str:
    found = re.match(r"[a-z+]+://(?:[^@/]*@)?([^/]+)", address)
    return found[1] if found else address or "The index"


def _option_of(address: str, definition: Definition) -> str:
    """The place in the definition that an address comes from; "" where it is not from there."""
    host = _host(address)
    pip = definition.pip
    options = [("pip.index_url", pip.index_url or "")]
    options += [(f"pip.extra_index_urls[{n}]", one) for n, one in enumerate(pip.extra_index_urls)]
    options += [(f"pip.find_links[{n}]", one) for n, one in enumerate(pip.find_links)]
    return next((where for where, one in options if address and one and _host(one) == host), "")


def _direct(definition: Definition) -> dict[str, str]:
    made = {}
    for line in definition.pip.requirements:
        name, at, address = line.partition(" @ ")
        if at:
            made[name.split("[")[0]] = address
    return made


def _without_address(definition: Definition, name: str) -> tuple[Fix, ...]:
    made = []
    for line in lines_of(definition, name):
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.url:
            made.append(Fix(f"Use {name} from the index", remove=(line,), add=(name,)))
    return tuple(made[:1])
