"""How long does a build take when everything has been downloaded before?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench import five
from bench.measure import Clock, Sample, Table, compare, rounds

NOTE = """mlenv's includes bytecode, the check of every package and of the interpreter, and the
commit. *Resolved anew* is a definition that was never seen: registered, resolved from the index for
all platforms, then built; the others are told what to install. `uv` makes no bytecode: that is paid
at the first import. The first build of a wheel is uv's with `--compile-bytecode`."""
CELL_NOTE = """mlenv's includes the installation of the kernel. The cell imports the whole set."""


def run(count: int) -> list[Table]:
    """Build the set, then start a kernel and run a cell that imports it."""
    five.pylock(), five.wheels()
    builds: dict[str, list[Sample]] = {}
    cells: dict[str, list[Sample]] = {}
    contestants: dict[str, Callable[[], float | None]] = {}
    five.workspace().install_kernel("five")

    def contest(name: str, make: Callable[[Path], Path], with_kernel: bool = True) -> None:
        def once() -> None:
            place = five.scratch() / "env"
            if name.startswith(MLENV):
                five.forget()
            clock = Clock()
            python = make(place)
            builds.setdefault(name, []).append(clock.read())
            if with_kernel:
                argv = five.ipykernel(python)
                if name == MLENV:
                    argv = mlenv_kernel(five.workspace().install_kernel("five").kernel_name)
                before = clock.read().seconds
                seconds = before + five.first_cell(argv)
                # The kernel has ended here, so that its seconds of processor are known.
                cells.setdefault(name, []).append(Sample(seconds, clock.read().cpu))

        contestants[name] = once

    contest(MLENV, five.by_mlenv)
    contest("mlenv, resolved anew", five.by_mlenv_with_resolve, with_kernel=False)
    contest("uv", five.by_uv)
    contest("uv --compile-bytecode", lambda place: five.by_uv(place, "--compile-bytecode"))
    contest("virtualenv + pip, local wheels", five.by_pip)
    rounds(contestants, count)
    five.clear()
    what = "{" + ", ".join(five.REQUIREMENTS) + "}"
    return [
        compare(f"Warm build of {what}", builds, MLENV, NOTE),
        compare(
            "From the start of that build to the output of the first cell", cells, MLENV, CELL_NOTE
        ),
    ]


MLENV = "mlenv"


def mlenv_kernel(name: str) -> list[str]:
    """The argv of an installed kernel of mlenv."""
    from jupyter_client.kernelspec import KernelSpecManager

    return list(KernelSpecManager().get_kernel_spec(name).argv)
