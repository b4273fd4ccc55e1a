"""What a command line of pip or uv would do: read, write here, or write somewhere else.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

PIP_WRITES = {"install", "uninstall"}
PIP_COMMANDS = PIP_WRITES | set(
    "cache check completion config debug download freeze hash help index inspect list lock "
    "search show wheel".split()
)
UV_WRITES = {"install", "uninstall", "sync"}
UV_READS = {"list", "show", "freeze", "tree", "check", "compile"}
UV_COMMANDS = set(
    "run init add remove version sync lock export tree tool python pip venv build publish "
    "cache self auth format audit workspace help generate-shell-completion".split()
)
ELSEWHERE = ("--target", "--prefix", "--root", "--system", "-t")
HARMLESS = {"--dry-run", "--help", "-h", "--version", "-V"}
NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:$|[<>=!~;@( ])")
ARCHIVE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*?)-\d[^/]*\.(?:whl|tar\.gz|zip|tgz|tar\.bz2)")
PROJECT_NAME = re.compile(r"(?:^|[\s(,])name\s*=\s*[\"']?([A-Za-z0-9][A-Za-z0-9._-]*)", re.M)


class Call:
    """One command line, and what has to be done about it."""

    def __init__(self, tool: str, given: list[str], at: int | None) -> None:
        self.tool = tool
        self.given = given
        self.at = at
        """The index of the command (``install``) in ``given``."""
        self.writes = False
        self.looks_at_overlay = False

    @property
    def command(self) -> str:
        return "" if self.at is None else self.given[self.at]

    @property
    def after(self) -> list[str]:
        """What follows the command."""
        return [] if self.at is None else self.given[self.at + 1 :]

    @property
    def takes_constraints(self) -> bool:
        # With hashes required both tools refuse constraints that have none.
        hashed = "--require-hashes" in self.given or any(
            "--hash=" in text for text in _files(self.after)
        )
        return self.command in ("install", "sync") and not hashed

    @property
    def needs_yes(self) -> bool:
        # A kernel cannot answer pip's question.
        return (
            self.tool == "pip"
            and self.command == "uninstall"
            and not {"-y", "--yes"} & set(self.after)
        )

    @property
    def silent(self) -> bool:
        return any(word in ("-qq", "-qqq") for word in self.given) or (
            sum(word in ("-q", "--quiet") for word in self.given) > 1
        )

    def with_options(self, options: list[str]) -> list[str]:
        """The command line with options of ours right behind the command."""
        if self.at is None:
            return self.given
        return self.given[: self.at + 1] + options + self.after

    def named(self) -> set[str]:
        """The packages that the user names, by requirement, file, directory or URL."""
        found = set()
        for word in self.after:
            found |= _names(word)
        for text in _files(self.after):
            for line in text.splitlines():
                found |= _names(line.split(" #")[0].strip())
        return found


def read(tool: str, given: list[str], overlay: str, environment: Mapping[str, str]) -> Call:
    """What a command line would do."""
    if tool == "pip":
        return _read_pip(given, overlay)
    return _read_uv(given, overlay, environment)


def _read_pip(given: list[str], overlay: str) -> Call:
    at = next((i for i, word in enumerate(given) if word in PIP_COMMANDS), None)
    call = Call("pip", given, at)
    other, given = _without_own_python(given, overlay, ("--python",))
    if at is not None and len(given) != len(call.given):
        call = Call("pip", given, next(i for i, word in enumerate(given) if word in PIP_COMMANDS))
    if call.command in PIP_WRITES and not other and not _elsewhere(call.after):
        # The overlay belongs to the user already, and pip refuses --user in it.
        call.given = [word for i, word in enumerate(given) if word != "--user" or i < (at or 0)]
        call.writes = True
    return call


def _read_uv(given: list[str], overlay: str, environment: Mapping[str, str]) -> Call:
    top = next((i for i, word in enumerate(given) if word in UV_COMMANDS), None)
    if top is None or given[top] != "pip":
        return Call("uv", given, None)
    other, given = _without_own_python(given, overlay, ("--python", "-p"))
    top = given.index("pip")
    at = next(
        (i for i, w in enumerate(given) if i > top and (w in UV_WRITES or w in UV_READS)), None
    )
    call = Call("uv", given, at)
    chosen = environment.get("VIRTUAL_ENV", overlay)
    here = not other and os.path.normpath(chosen) == os.path.normpath(overlay)
    if here and not _elsewhere(call.after):
        call.writes = call.command in UV_WRITES and not HARMLESS & set(call.after)
        call.looks_at_overlay = not call.writes and at is not None
    return call


def _elsewhere(words: list[str]) -> bool:
    """Whether a write goes somewhere else, or nowhere."""
    if HARMLESS & set(words):
        return True
    return any(word.split("=")[0] in ELSEWHERE for word in words)


def _without_own_python(
    given: list[str], overlay: str, options: tuple[str, ...]
) -> tuple[bool, list[str]]:
    """Whether another interpreter is asked for; and the words without one that is the overlay's.

    `uv pip install --python {sys.executable}` means this kernel.
    """
    kept: list[str] = []
    other = False
    words = iter(given)
    for word in words:
        name, equals, value = word.partition("=")
        if name not in options:
            kept.append(word)
            continue
        if not equals:
            value = next(words, "")
        if _is_own_python(value, overlay):
            continue
        other = True
        kept += [word] if equals else [word, value]
    return other, kept


def _is_own_python(value: str, overlay: str) -> bool:
    place = os.path.normpath(value)
    binaries = os.path.join(os.path.normpath(overlay), "bin")
    if place == os.path.normpath(overlay):
        return True
    return os.path.dirname(place) == binaries and os.path.basename(place).startswith("python")


def normalised(name: str) -> str:
    """A package name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(word: str) -> set[str]:
    if not word or word.startswith("-"):
        return set()
    if "#egg=" in word:
        word = word.split("#egg=")[1].split("&")[0]
    if os.path.isdir(word.split("[")[0]):
        return _project_names(word.split("[")[0])
    archive = ARCHIVE.match(word.rsplit("/", 1)[-1])
    if archive:
        return {normalised(archive.group(1))}
    found = NAME.match(word)
    return {normalised(found.group(1))} if found else set()


def _project_names(directory: str) -> set[str]:
    names = set()
    for file in ("pyproject.toml", "setup.cfg", "setup.py"):
        text = _text(os.path.join(directory, file))
        names |= {normalised(one) for one in PROJECT_NAME.findall(text)}
    return names


def _files(words: list[str]) -> list[str]:
    """The texts of the requirements files that a command line names."""
    texts = []
    expected = False
    for word in words:
        if expected:
            texts.append(_text(word))
            expected = False
        elif word in ("-r", "--requirement", "--requirements"):
            expected = True
        elif word.startswith(("--requirement=", "--requirements=")):
            texts.append(_text(word.partition("=")[2]))
        elif word.startswith("-r") and len(word) > 2:
            texts.append(_text(word[2:]))
        elif word.endswith(".txt"):  # uv pip sync
            texts.append(_text(word))
    return texts


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
