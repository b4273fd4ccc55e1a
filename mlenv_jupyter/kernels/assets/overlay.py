"""The thin overlay: a virtual environment made by hand that chains a prefix and its kernel layer.

Part of the launcher: standard library only, and as little of that as possible, since every start
of a kernel waits for it. Runs under the launcher's Python (3.10 and later) and, for ``tool.py``,
under the environment's (3.8 and later).

An overlay is
    overlay.json   what it belongs to; written last, so without it the overlay is made again
    lock           held shared by the kernels that run in it
    promoted       there once it is a private clone of the prefix; the last changes are in it
    pyvenv.cfg, bin/, lib/pythonX.Y/site-packages/
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is slow to import, and nothing here needs it to run
    from typing import Any

CHAIN = "zzzz_mlenv.pth"
"""Sorts after every other .pth, so that what the user installs editable comes before the prefix."""

WAITS = "_MLENV_WAITS"
"""The descriptor by which the server tells a kernel of its pool whose it is, see ``waiting.py``."""
NOTEBOOK_OF = "_MLENV_NOTEBOOK_OF"
"""The process that was told its notebook after its start: what it starts inherits the name."""

BUILT = "_MLENV_BUILT"
"""When the prefix was made that a kernel started in, see ``drift.py`` outside of the launcher."""

TEMPORARY = "tmp-"
SHIMMED = ("pip", "uv")
SCRIPT_LIMIT = 64 * 1024

PIP_INIT = '''\
"""pip, as this kernel's environment has it; `python -m pip` goes through mlenv's overlay."""
import os as _os
for _place in {places!r}:
    if _os.path.isfile(_os.path.join(_place, "__init__.py")):
        __path__.append(_place)
        __file__ = _os.path.join(_place, "__init__.py")
        with open(__file__, encoding="utf-8") as _file:
            exec(compile(_file.read(), __file__, "exec"))
        break
'''

UV_INIT = '''\
"""uv, as this kernel's environment has it; `python -m uv` goes through mlenv's overlay."""
import os as _os
import sys as _sys
for _place in {places!r}:
    if _os.path.isfile(_os.path.join(_place, "__init__.py")):
        __path__.append(_place)
        __file__ = _os.path.join(_place, "__init__.py")
        with open(__file__, encoding="utf-8") as _file:
            exec(compile(_file.read(), __file__, "exec"))
        break
else:
    if _sys.argv[:1] != ["-m"]:
        raise ModuleNotFoundError("No module named 'uv'", name="uv")
'''

# The real tool runs with _MLENV_TOOL set, so that what it starts in turn (pip builds wheels with
# a pip of its own) is not intercepted again.
PIP_MAIN = """\
import os
import sys
if sys.path[:1] in ([""], [os.getcwd()]):
    del sys.path[0]
if os.environ.get("_MLENV_TOOL") == {overlay!r}:
    from pip._internal.cli.main import main
    sys.exit(main())
os.execv(sys.executable, [sys.executable, "-IS", {tool!r}, "pip", {overlay!r}] + sys.argv[1:])
"""

UV_MAIN = """\
import os
import sys
os.execv(sys.executable, [sys.executable, "-IS", {tool!r}, "uv", {overlay!r}] + sys.argv[1:])
"""


def overlay_key(notebook: str, record: dict[str, Any], turn: int = 0) -> str:
    """The directory name of the overlay that belongs to a notebook and a Version.

    That of a container is its own: what is in it is made by a Python of the image.
    """
    digest = _sha256()
    more = [*["image"] * bool(record.get("mounted")), *[turn] * bool(turn)]
    for part in (notebook, record["definition_id"], record["lock_digest"], *more):
        digest.update(os.fsencode(str(part)) + b"\0")
    return str(digest.hexdigest()[:24])


def place_of(directory: str, notebook: str, record: dict[str, Any]) -> str:
    """Where the overlay of a notebook and a Version is, or is to be made.

    A renamed notebook keeps its overlay where it is, under a link of its new name: another one
    that takes the old name finds the next place.
    """
    own = '"notebook": ' + _quoted(notebook) + ", "
    place = ""
    for turn in range(8):
        place = os.path.join(directory, overlay_key(notebook, record, turn))
        text = _read(os.path.join(place, "overlay.json"))
        if text is None or own in text:
            break
    return place


def describe(
    record_text: str, *, launcher: str, notebook: str | None, temporary: bool, record_path: str
) -> str:
    """The text of overlay.json; the launch record goes in as it is, without parsing it again."""
    fields = {
        "format": "1",
        "launcher": _quoted(launcher),
        "notebook": "null" if notebook is None else _quoted(notebook),
        "temporary": "true" if temporary else "false",
        "record_path": _quoted(record_path),
        "record": record_text.strip(),
    }
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}\n"


def label(record: dict[str, Any], between: str = " ") -> str:
    """Name and version, as every message shows them: ``churn-model v3``."""
    name, version = str(record["name"]), str(record["version"])
    return name + between + ("v" + version if version.isdigit() else version)


def make_thin(overlay: str, record: dict[str, Any], *, launcher: str, text: str) -> None:
    """Make an overlay, or bring one up to date; one that is right already costs two reads.

    May be called by two kernels of one notebook at once: every file is written whole and renamed.
    """
    if _read(os.path.join(overlay, "overlay.json")) == text and os.path.exists(
        os.path.join(overlay, "bin", "python")
    ):
        return
    prefix, packages = record["prefix"], site_packages(overlay, record)
    os.makedirs(packages, mode=0o755, exist_ok=True)
    os.chmod(overlay, 0o700)
    binaries = os.path.join(overlay, "bin")
    os.makedirs(binaries, exist_ok=True)
    if os.path.islink(os.path.join(prefix, "lib64")):
        _link("lib", os.path.join(overlay, "lib64"))
    base = base_python(record["python"], prefix)
    _link(base, os.path.join(binaries, "python"))
    version = os.path.basename(os.path.dirname(packages))  # pythonX.Y
    for alias in ("python3", version):
        _link("python", os.path.join(binaries, alias))
    write(os.path.join(overlay, "pyvenv.cfg"), _configuration(prefix, base))
    promoted = is_promoted(overlay)
    if not promoted:
        copy_scripts(prefix, overlay)
    write_shims(overlay, record, launcher, version[6:])
    write(os.path.join(packages, CHAIN), chain(record, promoted=promoted))
    write(os.path.join(overlay, "overlay.json"), text)


def site_packages(overlay: str, record: dict[str, Any]) -> str:
    """The overlay's own site-packages: in the same place as the prefix's."""
    inside = os.path.relpath(record["site_packages"], record["prefix"])
    return os.path.join(overlay, inside)


def is_promoted(overlay: str) -> bool:
    """Whether the overlay is a private clone of its prefix by now."""
    return os.path.exists(os.path.join(overlay, "promoted"))


def chain(record: dict[str, Any], *, promoted: bool) -> str:
    """The .pth line that puts prefix (until promoted) and layer last on sys.path."""
    places = [] if promoted else [record["site_packages"]]
    if record.get("layer"):
        places.append(record["layer"])
    calls = "; ".join(f"site.addsitedir({place!a})" for place in places)
    return f"import site; {calls}\n" if calls else "\n"


def write_shims(overlay: str, record: dict[str, Any], launcher: str, version: str) -> None:
    """pip and uv, as commands and as modules, and conda: all of which come to ``tool.py``.

    A package of that name which was really installed into the overlay keeps all but its
    ``__main__``.
    """
    tool = os.path.join(launcher, "tool.py")
    python = os.path.join(overlay, "bin", "python")
    for command in ("pip", "pip3", "pip" + version, "uv", "conda", "mamba"):
        path = os.path.join(overlay, "bin", command)
        asked_for = os.path.join(record["prefix"], "bin", command)
        if command in ("conda", "mamba") and os.path.exists(asked_for):
            continue
        words = [python, "-IS", tool, "pip" if command[:3] == "pip" else command, overlay]
        command_line = " ".join(map(_shell, words))
        write(path, f'#!/bin/sh\nexec {command_line} "$@"\n', 0o755)
    write_module_shims(site_packages(overlay, record), overlay, record, tool)


def write_module_shims(packages: str, overlay: str, record: dict[str, Any], tool: str) -> None:
    """``python -m pip`` and ``python -m uv``, into a site-packages directory."""
    behind = [one for one in (record["site_packages"], record.get("layer")) if one]
    for name, init, main in (("pip", PIP_INIT, PIP_MAIN), ("uv", UV_INIT, UV_MAIN)):
        place = os.path.join(packages, name)
        os.makedirs(place, exist_ok=True)
        # A real package has modules beside these two files.
        if not os.path.exists(os.path.join(place, "_internal")) and not os.path.exists(
            os.path.join(place, "_find_uv.py")
        ):
            shown = init.format(places=[os.path.join(one, name) for one in behind])
            write(os.path.join(place, "__init__.py"), shown)
        write(os.path.join(place, "__main__.py"), main.format(overlay=overlay, tool=tool))


def copy_scripts(prefix: str, overlay: str) -> None:
    """The prefix's scripts, run by the overlay's Python, so that they see what is added there.

    Only those with a shebang of the prefix: the rest is found in the prefix, later on PATH.
    """
    old = os.fsencode(os.path.join(prefix, "bin", "python"))
    new = os.fsencode(os.path.join(overlay, "bin", "python"))
    try:
        entries = os.scandir(os.path.join(prefix, "bin"))
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_symlink() or not entry.is_file() or is_own_command(entry.name):
                continue
            found = entry.stat()
            if not found.st_mode & stat.S_IXUSR or found.st_size > SCRIPT_LIMIT:
                continue
            with open(entry.path, "rb") as file:
                data = file.read()
            rewritten = with_interpreter(data, old, new)
            if rewritten is not None:
                write(os.path.join(overlay, "bin", entry.name), rewritten, 0o755)


def is_own_command(name: str) -> bool:
    """Whether the overlay has a command of that name itself."""
    stem = name.rstrip("0123456789.")
    return stem in ("pip", "uv", "python")


def with_interpreter(data: bytes, old: bytes, new: bytes) -> bytes | None:
    """A script with another interpreter in its shebang; None if it does not name the old one."""
    if not data.startswith(b"#!"):
        return None
    # The second line counts too: long paths are written as `#!/bin/sh` and an `exec` below it.
    head_end = data.find(b"\n", data.find(b"\n") + 1) + 1 or len(data)
    head = data[:head_end]
    if old not in head:
        return None
    return head.replace(old, new, 1) + data[head_end:]


def base_python(python: str, prefix: str) -> str:
    """The interpreter outside of the prefix which its ``bin/python`` links to.

    Links outside are not followed: package managers keep stable ones across their updates.
    """
    inside = os.path.join(prefix, "")
    for _ in range(40):
        if not os.path.islink(python):
            break
        python = os.path.normpath(os.path.join(os.path.dirname(python), os.readlink(python)))
        if not python.startswith(inside):
            break
    return python


def hold(overlay: str) -> int | None:
    """The descriptor that holds an overlay for as long as it is open; None while it is taken away.

    On a file system without locks only cleaning is affected.
    """
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    lock = os.open(os.path.join(overlay, "lock"), flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:
        pass
    return lock


def write(path: str, data: str | bytes, mode: int = 0o644) -> None:
    """Write a file whole: whoever reads at the same time sees the old one or the new one.

    Never opens an existing file for writing: it may be a hard link into a prefix. Nor what a link
    names: a container, too, writes to its overlay.
    """
    staged = f"{path}.{os.getpid()}~"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(staged, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        os.replace(staged, path)
    except BaseException:
        os.unlink(staged)
        raise


def _configuration(prefix: str, base: str) -> str:
    text = _read(os.path.join(prefix, "pyvenv.cfg"))
    if text is None:  # the prefix is no virtual environment but a Python of its own
        return f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\n"
    kept = [line for line in text.splitlines() if not line.startswith(("prompt", "command"))]
    return "\n".join(kept) + "\n"


def _link(target: str, path: str) -> None:
    try:
        if os.readlink(path) == target:
            return
    except FileNotFoundError:
        pass
    staged = f"{path}.{os.getpid()}~"
    os.symlink(target, staged)
    os.replace(staged, path)


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return file.read().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _quoted(text: str) -> str:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        from json import dumps as encode_basestring_ascii
    return str(encode_basestring_ascii(text))


def _shell(word: str) -> str:
    escaped = word.replace("'", "'\\''")
    return f"'{escaped}'"


def _sha256() -> Any:
    # The names of the built-in modules: hashlib loads OpenSSL, which takes longer than the rest.
    try:
        from _sha2 import sha256
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256
    return sha256()
