"""How long does a build take when everything has been downloaded before?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench import five
from bench.measure import Table, compare, rounds


def run(count: int) -> list[Table]:
    """Build the set, then start a kernel and run a cell that imports it."""
    five.pylock(), five.wheels()
    builds: dict[str, list[float]] = {}
    cells: dict[str, list[float]] = {}
    contestants: dict[str, Callable[[], float | None]] = {}
    kernel = five.workspace().install_kernel("five")

    def contest(name: str, make: Callable[[Path], Path], with_kernel: bool = True) -> None:
        def once() -> float:
            with five.scratch() as scratch:
                place = Path(scratch) / "env"
                if name.startswith(MLENV):
                    five.forget()
                began = time.perf_counter()
                python = make(place)
                seconds = time.perf_counter() - began
                builds.setdefault(name, []).append(seconds)
                if with_kernel:
                    argv = (
                        mlenv_kernel(kernel.kernel_name)
                        if name == MLENV
                        else five.ipykernel(python)
                    )
                    cells.setdefault(name, []).append(seconds + five.first_cell(argv))
                five.discard(place)
                return seconds

        contestants[name] = once

    contest(MLENV, lambda place: five.by_mlenv())
    contest("mlenv, resolved anew", five.by_mlenv_with_resolve, with_kernel=False)
    contest("uv", five.by_uv)
    contest("uv --compile-bytecode", lambda place: five.by_uv(place, "--compile-bytecode"))
    contest("virtualenv + pip, local wheels", five.by_pip)
    rounds(contestants, count)
    what = "{" + ", ".join(five.REQUIREMENTS) + "}"
    return [
        compare(f"Warm build of {what}", builds, MLENV, "mlenv's includes bytecode and checks."),
        compare("From the start of that build to the output of the first cell", cells, MLENV),
    ]


MLENV = "mlenv"


def mlenv_kernel(name: str) -> list[str]:
    """The argv of an installed kernel of mlenv."""
    from jupyter_client.kernelspec import KernelSpecManager

    return list(KernelSpecManager().get_kernel_spec(name).argv)
