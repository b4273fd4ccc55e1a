"""The kernelspec that a notebook names: the same on every machine of a platform."""

from __future__ import annotations

from typing import Any

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.names import kernel_name
from mlenv_jupyter.core.stamp import Stamp
from mlenv_jupyter.kernels.kernelspecs import display_name


def name_kernel(notebook: Any, stamp: Stamp) -> bool:
    """Have the notebook name the kernel of its stamp; whether that changed it."""
    if stamp.lock_digest is None:
        return False
    fingerprint = identity.fingerprint(stamp.definition_id, stamp.lock_digest)
    made = {
        "display_name": display_name(stamp.name, stamp.version),
        "language": "python",
        "name": kernel_name(stamp.name, fingerprint),
    }
    if notebook.metadata.get("kernelspec") == made:
        return False
    notebook.metadata["kernelspec"] = made
    return True
