"""Run a notebook in the kernel of a built environment and print what its cells print, at once.

python examples/run_notebook.py NOTEBOOK NAME[:V]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from mlenv_jupyter import MlenvError, Workspace


class Spoken(NotebookClient):
    """A notebook client that shows each cell, and its output as it comes."""

    def output(self, outs: Any, msg: Any, display_id: str | None, cell_index: int) -> Any:
        """Print one output of a cell."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            print(content["text"], end="", flush=True)
        elif msg["msg_type"] in ("execute_result", "display_data"):
            print(content["data"].get("text/plain", ""), flush=True)
        return super().output(outs, msg, display_id, cell_index)


def show(cell: Any, cell_index: int) -> None:
    """Print a cell before it runs."""
    lines = cell["source"].splitlines()
    print(f"\nIn [{cell_index}]: " + "\n        ".join(lines), flush=True)


def main(notebook: str, reference: str) -> None:
    """Install the kernel of a version if need be, and run the notebook in it."""
    name, _, version = reference.partition(":")
    workspace = Workspace.from_config()
    kernel = workspace.install_kernel(name, version or None)
    workspace.close()
    print(f"{notebook} in {kernel.display_name}")
    content = nbformat.reads(Path(notebook).read_text(encoding="utf-8"), as_version=4)
    Spoken(
        content,
        kernel_name=kernel.kernel_name,
        resources={"metadata": {"path": str(Path(notebook).parent)}},
        on_cell_execute=show,
        # ipykernel warns of every kernel that listens on TCP, here one on this machine only.
        extra_arguments=["--IPKernelApp.log_level=40"],
    ).execute()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], sys.argv[2])
    except MlenvError as error:
        sys.exit(f"{error.message} {error.remedy}".strip())
    except CellExecutionError as error:
        sys.exit(f"\n{error.ename}: {error.evalue}")
