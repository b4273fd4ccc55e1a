"""pip and uv in a kernel: `python -IS tool.py pip|uv|conda|promote|discard OVERLAY …`.

Standard library only, Python 3.8 and later. Reads are handed to the real tool as they are. The
first write promotes the overlay, so that the prefix behind it is never touched; every write keeps
the packages of the environment as they are locked, unless it names them.
"""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import arguments
import clone
import overlay as overlays
import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def main(argv: list[str]) -> int:
    """Run one command; the exit code of the real tool."""
    tool, overlay, given = argv[1], argv[2], argv[3:]
    with open(os.path.join(overlay, "overlay.json"), encoding="utf-8") as file:
        text = file.read()
    described = json.loads(text)
    if tool == "promote":
        clone.promote(overlay, described)
        return 0
    if tool == "discard":
        from discard import discard

        discard(overlay, described, text)
        return 0
    if tool in ("conda", "mamba"):
        import explain_conda

        return explain_conda.main(tool, given, overlay, described["record"])
    call = arguments.read(tool, given, overlay, os.environ)
    if tool == "pip":
        python = os.path.join(overlay, "bin", "python")
        real = [python, "-m", "pip"]
        environment = dict(os.environ, _MLENV_TOOL=overlay)
        environment.pop("PIP_USER", None)
    else:
        found = real_uv(overlay, described["record"])
        if found is None:
            sys.stderr.write("uv is not on this machine; `%pip` and `!pip` work here.\n")
            return 127
        real = [found]
        environment = dict(os.environ)
        environment.pop("UV_SYSTEM_PYTHON", None)
        # A cell cannot move its cursor: every step of a progress bar would be text of its own.
        environment.setdefault("UV_NO_PROGRESS", "1")
        if described["record"].get("mounted"):  # uv's cache is on another file system
            environment.setdefault("UV_LINK_MODE", "copy")
    if not call.writes:
        hand_over(real, call, overlay, described["record"], environment)
    return write(real, call, overlay, described, environment)


def hand_over(
    real: list[str],
    call: arguments.Call,
    overlay: str,
    record: dict[str, Any],
    environment: dict[str, str],
) -> NoReturn:
    """Become the real tool, for what does not change the overlay."""
    given = call.given
    if call.looks_at_overlay:
        # uv does not see through a .pth: until it is promoted, show it the prefix itself.
        seen = overlay if overlays.is_promoted(overlay) else record["prefix"]
        python = os.path.join(seen, "bin", "python")
        given = call.with_options(["--python", python])
    os.execve(real[0], real + given, environment)


def write(
    real: list[str],
    call: arguments.Call,
    overlay: str,
    described: dict[str, Any],
    environment: dict[str, str],
) -> int:
    """Promote, run the real tool under the lock, and say what changed and where."""
    record = described["record"]
    clone.promote(overlay, described)
    before = report.installed(overlays.site_packages(overlay, record))
    options = []
    if call.tool == "uv":
        options += ["--python", os.path.join(overlay, "bin", "python")]
    kept: str | None = None
    if call.takes_constraints:
        kept = constraints_file(overlay, record, call)
        options += ["--constraint", kept]
    if call.needs_yes:
        options.append("--yes")
    try:
        code = report.run(real + call.with_options(options), environment)
    finally:
        if kept is not None:
            os.unlink(kept)
    after = report.installed(overlays.site_packages(overlay, record))
    changes = report.changes(before, after, record["site_packages"])
    # pip and uv may have installed themselves over our way in.
    version = os.path.basename(os.path.dirname(record["site_packages"]))[6:]
    overlays.write_shims(overlay, record, described["launcher"], version)
    if changes:
        clone.mark(overlay, record, changes)
    if not call.silent:
        report.show(changes, described, failed=bool(code), constrained=call.takes_constraints)
    return code


def constraints_file(overlay: str, record: dict[str, Any], call: arguments.Call) -> str:
    """The lock as constraints, without what the user names: that was asked for."""
    wanted = call.named()
    packages = dict(record.get("layer_packages") or {}, **(record.get("packages") or {}))
    lines = [
        f"{name}=={version}\n"
        for name, version in sorted(packages.items())
        if arguments.normalised(name) not in wanted
    ]
    # Both tools show the file's name when a constraint cannot be met.
    label = overlays.label(record, "-")
    path = os.path.join(overlay, f"{label}.{os.getpid()}.txt")
    overlays.write(path, "".join(lines))
    return path


def real_uv(overlay: str, record: dict[str, Any]) -> str | None:
    """The uv that mlenv itself uses, else the first on PATH that is not ours."""
    own = record.get("uv")
    if own and os.access(own, os.X_OK):
        return str(own)
    binaries = os.path.join(overlay, "bin")
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(place, "uv")
        if place and os.path.normpath(place) != binaries and os.access(path, os.X_OK):
            return path
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv))
