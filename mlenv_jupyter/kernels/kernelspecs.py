"""Install, list and remove kernels: kernelspecs that every Jupyter client sees."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mlenv_jupyter.core.errors import Conflict, NotFound
from mlenv_jupyter.core.names import KERNEL_NAME, check_kernel_name
from mlenv_jupyter.core.version import Kernel
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.kernels.launcher import Launcher
from mlenv_jupyter.kernels.record import LaunchRecord, read_record, record_path, write_record
from mlenv_jupyter.kernels.retire import forget
from mlenv_jupyter.store.trees import write_atomically

ARCHIVED = " – archived"
STAGED = ".mlenv-kernel-"
LOGOS = ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg")


class KernelNotOurs(Conflict):
    """A kernel of that name is there which mlenv did not make."""

    code = "kernel_not_ours"


def display_name(name: str, version: str, form: str = "") -> str:
    """What clients show: ``churn-model (v3)``; an imported version string stays as it is.

    ``form`` is said of a kernel that is not in its version's own form: ``churn-model (v3, image)``.
    """
    shown = f"v{version}" if version.isdigit() else version
    return f"{name} ({shown}, {form})" if form else f"{name} ({shown})"


def install(
    record: LaunchRecord,
    *,
    launcher: Launcher,
    kernels: Path,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Install a kernel for the user, or bring it up to date; the directory of its kernelspec.

    ``kernels`` is where launch records are kept; ``environment`` goes into ``kernel.json`` as
    text, so it is no place for secrets (variables are in the launch record). A client that lists
    kernels meanwhile sees the old one or the new one, never half. Raises KernelNotOurs.
    """
    check_kernel_name(record.kernel_name)
    kernels.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(kernels / ".lock"):
        return _install(record, launcher, kernels, environment or {})


def _install(
    record: LaunchRecord, launcher: Launcher, kernels: Path, environment: Mapping[str, str]
) -> Path:
    target = _directory() / record.kernel_name
    if os.path.lexists(target) and not _is_ours(target):
        raise KernelNotOurs(
            f"A kernel named {record.kernel_name} is there which mlenv did not make.",
            remedy=f"Look at {target} and remove it yourself if it is not needed.",
        )
    path = write_record(kernels, record)
    reach("kernel.record")
    specification = kernel_json(record, launcher.argv(path), environment)
    data = (json.dumps(specification, indent=1, sort_keys=True) + "\n").encode()
    if target.is_dir():
        if _text(target / "kernel.json") != data:
            write_atomically(target / "kernel.json", data, mode=0o644)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not in the directory of the kernels: clients would list the half-made one.
    made = _stage(target)
    try:
        source = resources.files("mlenv_jupyter.kernels") / "logos"
        for logo in LOGOS:
            reach("kernel.write")
            (made / logo).write_bytes((source / logo).read_bytes())
        (made / "kernel.json").write_bytes(data)
        made.chmod(0o755)
        reach("kernel.staged")
        reach("kernel.rename")
        os.rename(made, target)
        reach("kernel.placed")
    finally:
        if made.exists():
            shutil.rmtree(made)
    return target


def staged() -> list[Path]:
    """Kernelspecs that were to be moved to their place, or were moved out of it to be removed."""
    return sorted(_directory().parent.glob(f"{STAGED}*"))


def clear_staged(kernels: Path) -> bool:
    """Remove those that a process left which died; whether they are gone: one may be at work."""
    kernels.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with FileLock(kernels / ".lock", timeout=0):
            for left in staged():
                shutil.rmtree(left, ignore_errors=True)
    except Timeout:
        return False
    return not staged()


def _stage(target: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=STAGED, dir=target.parent.parent))


def kernel_json(
    record: LaunchRecord, argv: list[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The content of ``kernel.json``: ``argv`` only, no provisioner, so every client runs it."""
    metadata: dict[str, Any] = {
        "debugger": True,
        "mlenv": {
            "name": record.name,
            "version": record.version,
            "digest": record.digest,
            "definition_id": record.definition_id,
            "lock_digest": record.lock_digest,
        },
    }
    if _speaks_curve(record):
        metadata["supported_encryption"] = ["curve"]
    return {
        "argv": argv,
        "display_name": record.display_name,
        "language": "python",
        "interrupt_mode": "signal",
        # jupyter_client substitutes ${NAME} in these values.
        "env": {name: value.replace("$", "$$") for name, value in sorted(environment.items())},
        "metadata": metadata,
    }


def mark_archived(kernel_name: str, archived: bool) -> None:
    """Have a kernel say that its version is archived, or no longer say so; it starts as before."""
    path = _directory() / check_kernel_name(kernel_name) / "kernel.json"
    found = _specification(path.parent)
    if found is None or bool(found["metadata"]["mlenv"].get("archived")) == archived:
        return
    name = str(found.get("display_name", kernel_name)).removesuffix(ARCHIVED)
    found["display_name"] = name + ARCHIVED if archived else name
    found["metadata"]["mlenv"]["archived"] = archived
    data = json.dumps(found, indent=1, sort_keys=True) + "\n"
    write_atomically(path, data.encode(), mode=0o644)


def list_kernels(kernels: Path) -> list[Kernel]:
    """The kernels that mlenv installed for this user, by name and version.

    ``path_exists`` is whether what they start is still there.
    """
    found = []
    for kernel_name, specification in _installed().items():
        ours = specification["metadata"]["mlenv"]
        record = read_record(record_path(kernels, kernel_name))
        found.append(
            Kernel(
                kernel_name=kernel_name,
                display_name=str(specification.get("display_name", kernel_name)),
                name=str(ours.get("name", "")),
                version=str(ours.get("version", "")),
                archived=ours.get("archived") is True,
                path_exists=record is not None
                # What is in an image cannot be seen from here; its record says that it was built.
                and (record.container is not None or os.path.exists(record.python))
                and os.path.exists(record.record)
                and os.path.exists(specification["argv"][0]),
            )
        )
    return sorted(found, key=lambda one: (one.name, one.version, one.kernel_name))


def remove(kernel_name: str, *, kernels: Path) -> None:
    """Remove a kernel and its launch record. Raises InvalidName, NotFound, KernelNotOurs.

    A running one goes on; the prefix stays in the store.
    """
    check_kernel_name(kernel_name)
    target = _directory() / kernel_name
    if not os.path.lexists(target):
        record_path(kernels, kernel_name).unlink(missing_ok=True)
        raise NotFound(
            f"There is no kernel {kernel_name}.", remedy="`mlenv kernel list` shows them."
        )
    if not _is_ours(target):
        raise KernelNotOurs(
            f"mlenv did not make the kernel {kernel_name}, so it does not remove it.",
            remedy="`jupyter kernelspec remove` does.",
        )
    kernels.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(kernels / ".lock"):
        # Out of its place at once: one that is half removed would be nobody's.
        aside = _stage(target)
        try:
            reach("kernel.rename")
            os.rename(target, aside)
            reach("kernel.unplaced")
        finally:
            shutil.rmtree(aside)
    reach("kernel.removed")
    record_path(kernels, kernel_name).unlink(missing_ok=True)
    forget(kernels, kernel_name)


def remove_all(kernels: Path) -> list[str]:
    """Remove every kernel that mlenv installed here, and the launch records; their names."""
    removed = list(_installed())
    for kernel_name in removed:
        remove(kernel_name, kernels=kernels)
    if kernels.is_dir():
        shutil.rmtree(kernels)
    return removed


def refresh(launcher: Launcher, *, kernels: Path) -> list[str]:
    """Let every installed kernel start by this launcher: after an update of mlenv or of its Python.

    The names of those that changed.
    """
    changed = []
    for kernel_name, specification in _installed().items():
        record = record_path(kernels, kernel_name)
        argv = launcher.argv(record)
        if specification["argv"] != argv:
            path = _directory() / kernel_name / "kernel.json"
            data = json.dumps({**specification, "argv": argv}, indent=1, sort_keys=True) + "\n"
            write_atomically(path, data.encode(), mode=0o644)
            changed.append(kernel_name)
    return changed


def _speaks_curve(record: LaunchRecord) -> bool:
    """Whether the kernel can encrypt what it sends: since ipykernel 7.3, as its own spec says."""
    version = record.packages.get("ipykernel") or record.layer_packages.get("ipykernel", "0")
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (7, 3)


def _installed() -> dict[str, dict[str, Any]]:
    directory = _directory()
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return {}
    found = {}
    for name in names:
        if KERNEL_NAME.fullmatch(name):
            specification = _specification(directory / name)
            if specification is not None:
                found[name] = specification
    return found


def _is_ours(directory: Path) -> bool:
    return not directory.is_symlink() and _specification(directory) is not None


def _specification(directory: Path) -> dict[str, Any] | None:
    """The kernel.json in a directory, if mlenv wrote it."""
    try:
        found = json.loads((directory / "kernel.json").read_bytes())
        ours = isinstance(found["metadata"]["mlenv"], dict) and bool(found["argv"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if ours else None


def _text(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _directory() -> Path:
    """The user's kernelspecs, without importing jupyter_client."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "kernels"
