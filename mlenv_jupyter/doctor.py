"""``mlenv doctor``: everything that mlenv needs, each with the remedy."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv_jupyter.core.errors import MlenvError, Unavailable
from mlenv_jupyter.core.version import Check
from mlenv_jupyter.process import run, text_of
from mlenv_jupyter.store.filesystem import is_network, kind_of

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

LOW = 2 * 1024**3


def examine(workspace: Workspace) -> tuple[Check, ...]:
    """Run every check; one that breaks is reported as failed, not raised."""
    made = []
    for name, check in CHECKS.items():
        try:
            made.append(check(workspace, name))
        except (MlenvError, OSError) as error:
            remedy = error.remedy if isinstance(error, MlenvError) else ""
            message = error.message if isinstance(error, MlenvError) else str(error)
            made.append(Check(name=name, ok=False, message=message, remedy=remedy))
    return tuple(made)


def _python(workspace: Workspace, name: str) -> Check:
    found = ", ".join(sorted({one.version for one in workspace.pythons()}))
    return Check(name=name, ok=True, message=f"{sys.version.split()[0]}; to build with: {found}")


def _uv(workspace: Workspace, name: str) -> Check:
    from mlenv_jupyter.builds.python import find_uv

    code, lines = run([find_uv(), "--version"])
    return Check(name=name, ok=code == 0, message=text_of(lines, "out").strip())


def _conda(workspace: Workspace, name: str) -> Check:
    from mlenv_jupyter.builds.conda.engine import installed_version
    from mlenv_jupyter.builds.conda.target import virtual_packages

    version = installed_version()
    if version is None:
        # Everything else works without it, so it is no fault.
        return Check(
            name=name,
            ok=True,
            message="py-rattler is not installed: environments with conda packages are not built",
            remedy="Install it with `pip install 'mlenv-jupyter[conda]'`.",
        )
    there = ", ".join(one for one in virtual_packages() if not one.startswith("__unix"))
    return Check(name=name, ok=True, message=f"py-rattler {version}; this machine has {there}")


def _own(workspace: Workspace, name: str) -> Check:
    """Interpreters that the user looks after: whether they are as they were recorded."""
    from mlenv_jupyter.builds.user_managed import changes_since, told

    found = []
    for record in workspace.store.foreign():
        try:
            changes = changes_since(record)
        except MlenvError:
            found.append(f"{record.foreign} is gone")
            continue
        if changes:
            shown = ", ".join(told(one) for one in changes[:4])
            found.append(f"{record.foreign} has changed ({shown}{', …' if changes[4:] else ''})")
    return Check(
        name=name,
        ok=not found,
        message="; ".join(found) or "as they were recorded",
        remedy="Register the environment anew to record what is there now." if found else "",
    )


def _home(workspace: Workspace, name: str) -> Check:
    workspace.places.make()
    place = workspace.places.home
    return Check(
        name=name,
        ok=os.access(place, os.W_OK),
        message=str(place),
        remedy="Make it writable, or set MLENV_HOME.",
    )


def _store(workspace: Workspace, name: str) -> Check:
    place = workspace.places.store
    kind = kind_of(place)
    if is_network(kind):
        return Check(
            name=name,
            ok=False,
            message=f"{place} is on a network file system ({kind}).",
            remedy="Set MLENV_STORE to a directory on a local disk.",
        )
    return Check(name=name, ok=os.access(place, os.W_OK), message=f"{place} ({kind or 'local'})")


def _disk(workspace: Workspace, name: str) -> Check:
    free = shutil.disk_usage(workspace.places.store).free
    return Check(
        name=name,
        ok=free > LOW,
        message=f"{free / 1e9:.1f} GB free",
        remedy="" if free > LOW else "Free disk space, or set MLENV_STORE to a larger disk.",
    )


def _registry(workspace: Workspace, name: str) -> Check:
    total = workspace.environments(limit=1).total
    message = f"{total} environments registered"
    if workspace.registry.database.is_on_network():
        kind = kind_of(workspace.places.home)
        message += f"; on a network file system ({kind}), so without a write-ahead log: slower"
        remedy = "Set MLENV_HOME to a local disk, or share a registry in PostgreSQL."
        return Check(name=name, ok=True, message=message, remedy=remedy)
    return Check(name=name, ok=True, message=message)


def _network(workspace: Workspace, name: str) -> Check:
    from mlenv_jupyter.builds.settings import left_to_pip, network_settings, uv_files, without_user
    from mlenv_jupyter.core.redact import redact

    settings = network_settings(os.environ)
    said = ["offline: nothing is fetched"] if workspace.offline else []
    for one in settings:
        value = without_user(redact(one.value))
        said.append(
            f"{one.name}={value}" + (f" (from {one.source})" if one.source != one.name else "")
        )
    said += [
        f"not heeded: {one.name} of {one.source} (put it into the definition)"
        for one in left_to_pip(os.environ)
    ]
    said += [f"uv reads {path}" for path in uv_files(os.environ)]
    certificates = next((o for o in settings if o.name == "SSL_CERT_FILE"), None)
    if certificates is not None and not Path(certificates.value).is_file():
        return Check(
            name=name,
            ok=False,
            message=f"The certificates {certificates.value} (from {certificates.source}) are not "
            "there.",
            remedy=f"Correct {certificates.source}.",
        )
    return Check(
        name=name, ok=True, message="; ".join(said) or "PyPI, without proxy; no index is set"
    )


def _catalogue(workspace: Workspace, name: str) -> Check:
    shelf = workspace.registry.catalogue.look()
    curated = workspace.registry.curated_entries()
    own = sum(not one.shipped for one in curated)
    broken = [f"{one.where}: {one.message}" for one in shelf.problems]
    hidden = len(shelf.versions) - len(curated)
    message = f"{len(curated)} curated environments" + (f", {own} of them a team's" if own else "")
    if hidden:
        message += f"; {hidden} hidden by registered ones of the same name"
    return Check(
        name=name,
        ok=not broken,
        message="; ".join([message, *broken]),
        remedy=shelf.problems[0].remedy or "Mend the file, or remove it." if broken else "",
    )


def _kernels(workspace: Workspace, name: str) -> Check:
    broken = [one.display_name for one in workspace.kernels() if not one.path_exists]
    return Check(
        name=name,
        ok=not broken,
        message=f"{len(workspace.kernels())} installed"
        + (f", {len(broken)} without what they start: {', '.join(broken)}" if broken else ""),
        remedy="Build these again, or remove them with `mlenv kernel remove`." if broken else "",
    )


def _engine(workspace: Workspace, name: str) -> Check:
    from mlenv_jupyter.engine.connect import connect, find_buildkit

    try:
        client = connect(timeout=5)
    except Unavailable as error:
        # Nobody needs one who has no images.
        return Check(name=name, ok=True, message=f"none: {error.message} {error.remedy}")
    found = client.version()
    client.close()
    kept = "BuildKit" if find_buildkit(os.environ) else "the classic builder, without secrets"
    return Check(name=name, ok=True, message=f"{found.get('Version', '')}, {kept}")


def _extension(workspace: Workspace, name: str) -> Check:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    server = any(
        Path(one, "jupyter_server_config.d", "mlenv_jupyter.json").exists()
        for one in jupyter_config_path()
    )
    panel = any(
        Path(one, "mlenv-jupyter", "package.json").exists() for one in jupyter_path("labextensions")
    )
    missing = [what for what, there in (("server", server), ("panel", panel)) if not there]
    return Check(
        name=name,
        ok=not missing,
        message="server and panel"
        if not missing
        else f"{' and '.join(missing)} not installed here",
        remedy="Install mlenv-jupyter into the environment that runs JupyterLab."
        if missing
        else "",
    )


CHECKS: dict[str, Callable[[Workspace, str], Check]] = {
    "python": _python,
    "uv": _uv,
    "conda": _conda,
    "home": _home,
    "store": _store,
    "disk": _disk,
    "registry": _registry,
    "catalogue": _catalogue,
    "network": _network,
    "interpreters": _own,
    "kernels": _kernels,
    "engine": _engine,
    "jupyter": _extension,
}
