"""``python -m mlenv_jupyter.cli``: the same as the ``mlenv`` command."""

from __future__ import annotations

import sys

from mlenv_jupyter.cli import main

sys.exit(main())
