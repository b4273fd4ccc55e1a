"""The universal lock as a text file, one line a package, so that a change of it can be read.

    # mlenv lock 1, Python >=3.10
    six==1.17.0<TAB>~py2.py3-none-any.whl 4721…9274 11050
    tzdata==2026.1 ; sys_platform == 'win32'<TAB>~py2.py3-none-any.whl 1a40…82fb 348512

After the package and its marker come its files, each with sha256 and size in bytes. ``~`` stands
for the ``name-version-`` that nearly every file begins with. There are no addresses in it.
"""

from __future__ import annotations

import re

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage

_HEAD = re.compile(r"# mlenv lock 1, Python (.*)")
_PACKAGE = re.compile(r"([a-z0-9][a-z0-9._-]*)==(\S*?)(?: ; (.+))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def write_lock(lock: UniversalLock) -> str:
    """The file of a lock."""
    lines = [f"# mlenv lock 1, Python {lock.requires_python}"]
    for one in lock.packages:
        cells = [f"{one.name}=={one.version}" + (f" ; {one.marker}" if one.marker else "")]
        stem = _stem(one)
        for file in one.files:
            name = file.filename
            short = f"~{name[len(stem) :]}" if name.startswith(stem) else name
            size = "" if file.size is None else f" {file.size}"
            cells.append(f"{short} {file.sha256}{size}")
        if one.source:
            cells.append("@" + msgspec.json.encode(one.source).decode())
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def read_lock(text: str) -> UniversalLock:
    """The lock in a file; raises InvalidRequest with the line that is wrong."""
    lines = text.splitlines()
    head = _HEAD.fullmatch(lines[0]) if lines else None
    if head is None:
        raise _invalid(1, "It does not begin with «# mlenv lock 1».")
    packages = [
        _package(number, line)
        for number, line in enumerate(lines[1:], 2)
        if line.strip() and not line.startswith("#")
    ]
    return UniversalLock(requires_python=head[1], packages=tuple(packages))


def _package(number: int, line: str) -> UniversalPackage:
    first, *cells = line.split("\t")
    found = _PACKAGE.fullmatch(first)
    if found is None:
        raise _invalid(number, f"{first[:80]!r} is not NAME==VERSION.")
    bare = UniversalPackage(name=found[1], version=found[2], marker=found[3])
    files, source = [], None
    for cell in cells:
        if cell.startswith("@"):
            try:
                source = msgspec.json.decode(cell[1:], type=dict)
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise _invalid(number, f"The source of {found[1]} cannot be read.") from error
            continue
        name, _, rest = cell.partition(" ")
        sha256, _, size = rest.partition(" ")
        if not name or not _SHA256.fullmatch(sha256) or (size and not size.isdigit()):
            raise _invalid(number, f"{cell[:80]!r} is not FILE SHA256 SIZE.")
        filename = _stem(bare) + name[1:] if name.startswith("~") else name
        if "/" in filename or "\\" in filename:
            raise _invalid(number, f"{filename[:80]!r} is not the name of a file.")
        files.append(
            LockedFile(
                filename=filename,
                sha256=sha256,
                size=int(size) if size else None,
                kind="wheel" if filename.endswith(".whl") else "sdist",
            )
        )
    return msgspec.structs.replace(bare, files=tuple(files), source=source)


def _stem(package: UniversalPackage) -> str:
    return f"{package.name.replace('-', '_')}-{package.version}-"


def _invalid(number: int, message: str) -> InvalidRequest:
    return InvalidRequest(
        message,
        code="invalid_lock",
        where=f"line {number}",
        remedy="Make it again: mlenv catalogue refresh.",
    )
