"""``mlenv verify``: the registry, every prefix against its lock and record, the kernelspecs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.version import Finding
from mlenv_jupyter.registry.verify import verify_registry
from mlenv_jupyter.store.verify import committed, digest_of, verify_prefix

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

Say = Callable[[str], None]


def verify(
    workspace: Workspace, *, repair: bool = False, say: Say = lambda text: None
) -> list[Finding]:
    """What is wrong here. ``repair`` builds damaged prefixes and kernels again from their locks.

    ``say`` is told what is looked at: a large store takes minutes.
    """
    say("registry")
    found = verify_registry(workspace.registry.database, repair=repair)
    for place in committed(workspace.store):
        say(f"prefix {place.name[:12]}")
        found += _prefix(workspace, place, repair=repair)
    say("kernels")
    found += _kernels(workspace, repair=repair)
    return found


def _prefix(workspace: Workspace, place: Path, *, repair: bool) -> list[Finding]:
    registry = workspace.registry
    # The name is the beginning of the digest, which is all there is where the record is damaged.
    digest = digest_of(workspace.store, place) or place.name
    wrong = verify_prefix(workspace.store, place, registry.locks.of_digest(digest))
    if not wrong:
        return []
    users = registry.versions.with_lock_digest(digest)
    where = ", ".join(":".join(one) for one in users[:3]) or f"prefix {place.name[:12]}"
    remedy = (
        f"`mlenv verify --repair`, or `mlenv build {':'.join(users[0])} --force`."
        if users
        else "No version of this registry uses it, so it can be removed."
    )
    mended = repair and bool(users) and _built_again(workspace, *users[0])
    return [Finding(part="store", where=where, message=wrong, remedy=remedy, repaired=mended)]


def _built_again(workspace: Workspace, name: str, version: str) -> bool:
    try:
        build = workspace.wait(workspace.build(name, version, force=True, form="prefix").id)
    except MlenvError:
        return False
    return build.state == "succeeded"


def _kernels(workspace: Workspace, *, repair: bool) -> list[Finding]:
    found = []
    for kernel in workspace.kernels():
        reference = f"{kernel.name}:{kernel.version}"
        known: dict[str | None, Form] = {}
        try:
            forms = workspace.version(kernel.name, kernel.version).forms or ()
            known = {one.kernel: one.form for one in forms if one.kernel}
        except MlenvError:
            remedy = f"`mlenv kernel remove {reference}`."
            message = f"{reference} is not in the registry any more; notebooks on it still start."
        else:
            remedy = f"`mlenv build {reference}`, then `mlenv kernel install {reference}`."
            message = "What it starts is not there."
            if kernel.path_exists and kernel.kernel_name in known:
                continue
            if kernel.path_exists:
                message = f"{reference} has another kernel by now."
                remedy = f"`mlenv kernel remove {reference}`, then install it again."
        mended = False
        if repair and kernel.kernel_name in known:
            try:
                form = known[kernel.kernel_name]
                workspace.install_kernel(kernel.name, kernel.version, form=form)
                mended = True
            except MlenvError:
                mended = False
        found.append(
            Finding(
                part="kernels",
                where=kernel.kernel_name,
                message=message,
                remedy=remedy,
                repaired=mended,
            )
        )
    return found
