"""What activating a conda prefix sets, found out once when it is built.

Kernels and commands then start without running shell scripts. Packages bring scripts
(``etc/conda/activate.d``) and values (``etc/conda/env_vars.d``); rattler knows both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from mlenv_jupyter.process import run

BEFORE = "/mlenv-was-here-before"
"""Stands for what a variable was before activation."""
# They belong to the shell that runs the scripts, or are set by whoever starts the program.
IGNORED = frozenset(
    ["_", "SHLVL", "PWD", "OLDPWD", "PS1", "CONDA_PROMPT_MODIFIER", "MLENV_OUT", "BASH_ENV"]
)
Activation = dict[str, tuple[str, ...]]


def activation_of(
    prefix: Path, work: Path, say: Callable[[str], None], env: Mapping[str, str]
) -> Activation:
    """By variable: ``(value,)``, or ``(value, before, after)`` where it adds to what it was.

    ``value`` is used where the variable is not set, ``before + what it was + after`` where it is.
    """
    from rattler.shell import ActivationVariables, Shell, activate

    set_anyway: Activation = {
        "CONDA_PREFIX": (str(prefix),),
        "CONDA_DEFAULT_ENV": (str(prefix),),
        "CONDA_SHLVL": ("1",),
    }
    scripts = list(prefix.glob("etc/conda/activate.d/*")) + list(
        prefix.glob("etc/conda/env_vars.d/*.json")
    )
    if not scripts and not (prefix / "conda-meta" / "state").exists():
        return set_anyway
    shell = shutil.which("bash", path=env.get("PATH"))
    if shell is None:
        say("There is no bash here, so what packages set when they are activated is left out.")
        return set_anyway
    script = activate(prefix, ActivationVariables(None, ["/bin"]), Shell.bash).script
    base = {"PATH": env.get("PATH", os.defpath), "HOME": env.get("HOME", "/"), "LANG": "C.UTF-8"}
    plain = _variables(shell, script, base, prefix, work)
    if plain is None:
        say("A script that activates a package failed; what it sets is left out.")
        return set_anyway
    changed = {
        name: value
        for name, value in plain.items()
        if name not in IGNORED and base.get(name) != value and not name.startswith("BASH_FUNC")
    }
    # A second time, with every such variable set: what comes back around it is what is added.
    marked = {**base, **{name: BEFORE for name in changed if name != "PATH"}}
    second = _variables(shell, script, marked, prefix, work) or {}
    made = dict(set_anyway)
    for name, value in changed.items():
        if name == "PATH":
            # The prefix's own programs come first for everybody; only more than that is kept.
            before = _around(value, base["PATH"], prefix)
            if before is not None:
                made[name] = before
            continue
        head, found, tail = second.get(name, "").partition(BEFORE)
        made[name] = (value, head, tail) if found else (value,)
    return made


def _around(path: str, base: str, prefix: Path) -> tuple[str, ...] | None:
    own = {str(prefix / "bin"), "/bin"}
    head, found, tail = path.partition(base)
    if not found:
        return None
    before = [one for one in head.split(os.pathsep) if one and one not in own]
    after = [one for one in tail.split(os.pathsep) if one and one not in own]
    if not before and not after:
        return None
    head = "".join(one + os.pathsep for one in before)
    tail = "".join(os.pathsep + one for one in after)
    return (head.rstrip(os.pathsep) or tail.lstrip(os.pathsep), head, tail)


def _variables(
    shell: str, script: str, env: Mapping[str, str], prefix: Path, work: Path
) -> dict[str, str] | None:
    out = work / "activated.env"
    path = work / "activate.sh"
    path.write_text(f'{script}\nexec /usr/bin/env -0 >"$MLENV_OUT"\n')
    code, _ = run(
        [shell, "--noprofile", "--norc", path], env={**env, "MLENV_OUT": str(out)}, cwd=prefix
    )
    if code != 0:
        return None
    pairs = out.read_bytes().split(b"\0")
    return {
        os.fsdecode(name): os.fsdecode(value)
        for name, found, value in (pair.partition(b"=") for pair in pairs)
        if found
    }
