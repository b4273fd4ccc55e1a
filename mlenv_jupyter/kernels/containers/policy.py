"""Which docker arguments of a definition are honoured: those that the administrator allows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from mlenv_jupyter.core.sections import DockerSection

ALLOWED = (
    "--memory",
    "--memory-swap",
    "--cpus",
    "--cpuset-cpus",
    "--shm-size",
    "--pids-limit",
    "--cap-drop",
    "--gpus",
)
"""What every user may ask for: limits, and less than there is by default."""


VERBS = (*("status", "list", "show", "diff", "history", "builds", "log", "lock", "doctor", "use"),)
"""What ``%mlenv`` in a container may have its host do: look, and start another kernel."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What containers may have; ``memory`` and ``cpus`` limit all, empty and 0 do not.

    ``verbs`` are those of ``mlenv`` that a kernel may have its host run.
    """

    allowed: tuple[str, ...] = ALLOWED
    network: str = "bridge"
    memory: str = ""
    cpus: float = 0.0
    mount: bool = True
    verbs: tuple[str, ...] = VERBS


class Granted(NamedTuple):
    """Options of the SDK's ``create_host_config``, and a sentence for all that is not honoured."""

    options: dict[str, Any]
    network: str
    mount: bool
    notes: tuple[str, ...]


class _Flag(NamedTuple):
    option: str
    convert: Callable[[str], Any]
    many: bool = False
    bare: bool = False


def _cpus(text: str) -> int:
    return int(float(text) * 1_000_000_000)


def _gpus(text: str) -> dict[str, Any]:
    count = -1 if text == "all" else int(text)
    return {"Driver": "", "Count": count, "Capabilities": [["gpu"]]}


def _bytes(text: str) -> str:
    if not re.fullmatch(r"\d+[bkmgBKMG]?", text):
        raise ValueError(f"{text!r} is no size such as 2g")
    return text.lower()


FLAGS = {
    "--memory": _Flag("mem_limit", _bytes),
    "--memory-swap": _Flag("memswap_limit", _bytes),
    "--cpus": _Flag("nano_cpus", _cpus),
    "--cpuset-cpus": _Flag("cpuset_cpus", str),
    "--shm-size": _Flag("shm_size", _bytes),
    "--pids-limit": _Flag("pids_limit", int),
    "--cap-drop": _Flag("cap_drop", str, many=True),
    "--cap-add": _Flag("cap_add", str, many=True),
    "--gpus": _Flag("device_requests", _gpus, many=True),
    "--device": _Flag("devices", str, many=True),
    "--volume": _Flag("binds", str, many=True),
    "--add-host": _Flag("extra_hosts", str, many=True),
    "--dns": _Flag("dns", str, many=True),
    "--security-opt": _Flag("security_opt", str, many=True),
    "--ipc": _Flag("ipc_mode", str),
    "--pid": _Flag("pid_mode", str),
    "--uts": _Flag("uts_mode", str),
    "--network": _Flag("network", str),
    "--privileged": _Flag("privileged", bool, bare=True),
    "--read-only": _Flag("read_only", bool, bare=True),
}
"""Every flag that mlenv can honour; whether it does is the administrator's choice."""
SHORT = {"-m": "--memory", "-v": "--volume", "--net": "--network"}


def granted(docker: DockerSection | None, policy: Policy) -> Granted:
    """What a container gets of what its definition asks for, and what it does not and why."""
    options: dict[str, Any] = {}
    notes: list[str] = []
    if docker is not None:
        asked = list(words(docker.arguments))
        asked += [("--shm-size", docker.shm_size)] if docker.shm_size else []
        asked += [("--gpus", "all")] if docker.gpu_support else []
        for flag, value in asked:
            notes += _grant(flag, value, policy, options)
    if policy.memory:
        options["mem_limit"] = _least(options.get("mem_limit"), policy.memory)
    if policy.cpus:
        wanted = options.get("nano_cpus") or _cpus(str(policy.cpus))
        options["nano_cpus"] = min(wanted, _cpus(str(policy.cpus)))
    mount = policy.mount and (docker is None or docker.shared_volumes)
    if not mount:
        notes.append("The working directory is not mounted: files written there stay inside.")
    return Granted(options, options.pop("network", policy.network), mount, tuple(notes))


def words(arguments: Sequence[str]) -> Iterable[tuple[str, str | None]]:
    """Flags with their values, however written: one text, a list, with or without ``=``."""
    flat = [word for one in arguments for word in shlex.split(one)]
    while flat:
        flag, equals, value = flat.pop(0).partition("=")
        flag = SHORT.get(flag, flag)
        known = FLAGS.get(flag)
        if equals:
            yield flag, value
        elif (known is None or not known.bare) and flat and not flat[0].startswith("-"):
            yield flag, flat.pop(0)
        else:
            yield flag, None


def _grant(flag: str, value: str | None, policy: Policy, options: dict[str, Any]) -> list[str]:
    shown = flag if value is None else f"{flag} {value}"
    known = FLAGS.get(flag)
    if known is None:
        return [f"{shown} is not honoured: mlenv does not know it."]
    if flag not in policy.allowed:
        return [f"{shown} is not honoured: it is not among c.Workspace.allowed_docker_arguments."]
    try:
        if value is None and not known.bare:
            raise ValueError("it needs a value")
        made = known.convert(value or "1")
    except ValueError as error:
        return [f"{shown} is not honoured: {error}."]
    if known.many:
        options.setdefault(known.option, []).append(made)
    else:
        options[known.option] = made
    return []


def _least(asked: str | None, most: str) -> str:
    if asked is None:
        return most
    return min((asked, most), key=_size)


def _size(text: str) -> int:
    unit = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
    return int(text[:-1]) * unit[text[-1].lower()] if text[-1].isalpha() else int(text)
