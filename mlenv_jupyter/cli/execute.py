"""``mlenv exec`` without click, SQLAlchemy and Workspace: 60 ms more than the command is the limit.

Standard library only, and as little of it as there can be. Does exactly what
``Workspace.exec_plan`` does (a test holds them equal); what is unusual is left to it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

NOT_FOUND, NOT_RUNNABLE = 127, 126
"""What a shell answers for a command that is not there, and for one that cannot be run."""
REMOVED = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")


def execute_quickly(words: Sequence[str]) -> None:
    """Become the command of ``NAME[:V] -- COMMAND …``; return where the long way is needed."""
    if len(words) < 2 or words[0].startswith("-"):
        return
    command = list(words[1:])
    if command[0] == "--":
        del command[0]
    elif command[0].startswith("-"):
        return
    if not command:
        return
    found = plan(words[0])
    if found is not None:
        replace_process(command, found)


def plan(reference: str) -> dict[str, str] | None:
    """The whole environment of a command in a built version; None where the long way is needed."""
    name, _, version = reference.partition(":")
    if version[:1] == "v" and version[1:].isdigit():
        version = version[1:]
    home = _home()
    if home is None or not name or "/" in reference:
        return None
    from mlenv_jupyter.registry.quick import find

    built = find(home, name, version or None, _platform())
    if built is None:
        return None
    lock_digest, variables = built
    if any("${secret:" in text for text in variables.values()):
        return None
    store = os.environ.get("MLENV_STORE") or os.path.join(home, "store")
    store = os.path.abspath(os.path.expanduser(store))
    prefix = os.path.join(store, "prefixes", lock_digest[:32])
    if not os.path.exists(prefix + ".json") or not os.path.isdir(os.path.join(prefix, "bin")):
        return None
    made = {key: value for key, value in os.environ.items() if key not in REMOVED}
    is_conda = os.path.isdir(os.path.join(prefix, "conda-meta"))
    if is_conda:
        made.pop("VIRTUAL_ENV", None)
    else:
        made["VIRTUAL_ENV"] = prefix
    if is_conda or os.path.isdir(os.path.join(prefix, "share", "spark-packages")):
        _activate(made, prefix + ".json")
    made["PATH"] = os.pathsep.join([os.path.join(prefix, "bin"), made.get("PATH", os.defpath)])
    made.update(variables)
    return made


def replace_process(argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Become another program; ends as a shell would where that cannot be."""
    sys.stdout.flush()
    try:
        os.execvpe(argv[0], list(argv), dict(environment))  # noqa: S606 - what it is for
    except FileNotFoundError:
        sys.stderr.write(f"Error: {argv[0]}: there is no such command in the environment.\n")
        sys.exit(NOT_FOUND)
    except OSError as error:
        sys.stderr.write(f"Error: {argv[0]} cannot be run: {error.strerror}.\n")
        sys.exit(NOT_RUNNABLE)


def _activate(made: dict[str, str], record: str) -> None:
    """What activating a prefix sets, from its commit record."""
    from json import loads

    with open(record, encoding="utf-8") as file:
        activation = loads(file.read()).get("activation") or {}
    for name, (value, *around) in activation.items():
        before = made.get(name)
        made[name] = around[0] + before + around[1] if around and before else value


def _home() -> str | None:
    """MLENV_HOME as ``Places`` has it, where that takes no import."""
    home = os.environ.get("MLENV_HOME")
    if home is None:
        data = os.environ.get("JUPYTER_DATA_DIR")
        if data is None:
            if sys.platform != "linux" or os.environ.get("JUPYTER_PLATFORM_DIRS"):
                return None
            shared = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
            data = os.path.join(shared, "jupyter")
        home = os.path.join(data, "mlenv")
    return os.path.abspath(os.path.expanduser(home))


def _platform() -> str:
    """What ``sysconfig.get_platform`` says, which takes 3 ms to import."""
    # A variable, or mypy would drop the other platforms.
    system: str = sys.platform
    if system == "linux":
        return f"linux-{os.uname().machine}"
    from sysconfig import get_platform

    return get_platform()
