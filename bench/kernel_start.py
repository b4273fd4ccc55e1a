"""What does a kernel of mlenv cost beside a bare ipykernel of the same prefix?"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench import five, warm_build
from bench.measure import Table, compare, rounds


def run(count: int) -> list[Table]:
    """Start both, to the answer of the first empty cell."""
    made = five.workspace()
    kernel = made.install_kernel("five")
    digest = made.version("five").lock_digest
    assert digest is not None
    python = made.places.prefix(digest) / "bin" / "python"
    five.CELL = "1"
    start: Callable[[list[str]], float] = five.first_cell
    found = rounds(
        {
            "bare ipykernel": partial(start, five.ipykernel(python)),
            "mlenv": partial(start, warm_build.mlenv_kernel(kernel.kernel_name)),
        },
        count * 4,
        seed=int(time.time()),
    )
    return [compare("Kernel start to the first answer", found, "bare ipykernel")]
