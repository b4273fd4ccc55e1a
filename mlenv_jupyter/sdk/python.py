"""The Python section of an Environment."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Instance, Unicode

from mlenv_jupyter.sdk.checked import Section, warn
from mlenv_jupyter.sdk.conda_dependencies import CondaDependencies

INTERPRETER = "python"


class PythonSection(Section):
    """Which Python, and what it is given.

    ``interpreter_path`` counts where ``user_managed_dependencies`` is True: that Python is used
    as it is. ``torch_backend`` (``auto``, ``cpu``, ``cu128`` …) is mlenv's own.
    """

    user_managed_dependencies = Bool(False)
    interpreter_path = Unicode(INTERPRETER, allow_none=True)
    conda_dependencies_file = Unicode(None, allow_none=True)
    base_conda_environment = Unicode(None, allow_none=True)
    conda_dependencies = Instance(CondaDependencies, allow_none=True)
    torch_backend = Unicode(None, allow_none=True)
    _kept = ("conda_dependencies", "torch_backend")

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"conda_dependencies": CondaDependencies(), **given})

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("conda_dependencies_file", "base_conda_environment") and value:
            warn(f"{name} is kept, not honoured. Use Environment.from_conda_specification().")
