"""``%mlenv``: the verbs of the command line in a cell.

The code runs in any kernel, also where mlenv is not installed: ``kernel_magic.py`` and the modules
beside it use nothing but IPython and the standard library (Python 3.8 and later), and reach mlenv
by running its command.
"""

from __future__ import annotations

import sys
from typing import Any


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext mlenv_jupyter``; a kernel of mlenv has the magic already and keeps its own."""
    from mlenv_jupyter.magics.kernel_magic import register

    if "mlenv" not in ipython.magics_manager.magics["line"]:
        register(ipython, cli=[sys.executable, "-m", "mlenv_jupyter.cli"], record={})
