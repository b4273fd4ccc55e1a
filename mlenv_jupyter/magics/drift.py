"""What a kernel has beyond its Version: the launcher puts that code itself in the place of this."""

from __future__ import annotations

from mlenv_jupyter.kernels.assets.drift import Drift as Drift
from mlenv_jupyter.kernels.assets.drift import between as between
from mlenv_jupyter.kernels.assets.drift import from_directories as from_directories
from mlenv_jupyter.kernels.assets.drift import wanted as wanted
