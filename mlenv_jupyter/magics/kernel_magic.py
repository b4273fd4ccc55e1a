"""The door of ``%mlenv``: loaded by its file in a kernel that knows nothing of mlenv.

The launcher of the kernels copies this file, and the modules that do the work, beside itself.
Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import importlib
import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BY_FILE = "_mlenv_magics"
"""The package's name where it was loaded by file: nothing that a user would import."""


def register(ip: Any, *, cli: list[str], record: dict[str, Any]) -> Any:
    """Give a shell ``%mlenv`` and ``%%mlenv``; what completes a line of it.

    ``cli`` is the argv of the ``mlenv`` command; ``record`` the launch record of the kernel that
    this is, empty for a kernel that mlenv did not make.
    """
    name = __package__ or _package_of_files()
    return importlib.import_module(name + ".verbs").register(ip, cli=cli, record=record)


def _package_of_files() -> str:
    """The modules beside this file as a package, so that they can import each other."""
    if BY_FILE not in sys.modules:
        package = types.ModuleType(BY_FILE)
        package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
        sys.modules[BY_FILE] = package
    return BY_FILE
