"""The kernel that starts in place of one that cannot: it says what is missing and how to get it.

Part of the launcher, run by the launcher's own Python, which has ipykernel:
`python -I fallback.py RECORD PROBLEM -f CONNECTION_FILE`.
"""

from __future__ import annotations

import html
import json
import os
import platform
import sys
import uuid
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

HEAD = "This kernel cannot run"


class Explanation:
    """What is missing, and the remedy, as text and as HTML."""

    def __init__(self, record_path: str, problem: dict[str, str]) -> None:
        self.kernel_name = os.path.basename(record_path).rpartition(".")[0]
        known = _json(record_path) or _from_kernelspec(self.kernel_name)
        self.name = str(known.get("name") or "")
        self.version = str(known.get("version") or "")
        self.code = problem.get("code", "")
        self.message = problem.get("message", "")
        self.command = problem.get("remedy") or self._command()

    @property
    def label(self) -> str:
        if not self.name:
            return self.kernel_name
        return f"{self.name} v{self.version}" if self.version.isdigit() else self.name

    def _command(self) -> str:
        if not self.name:
            return "mlenv kernel install NAME"
        reference = f"{self.name}:{self.version}"
        if self.code in ("no_launch_record", "bad_launch_record"):
            return f"mlenv kernel install {reference}"
        return f"mlenv build {reference}"

    @property
    def sentence(self) -> str:
        """How to get it, in one sentence."""
        if not self.command.startswith("mlenv "):
            return self.command
        return (
            f"Run `{self.command}` in a terminal, or press Build in the Environments panel, "
            "then restart this kernel."
        )

    def text(self) -> str:
        return f"{HEAD}: {self.message}\n{self.sentence}"

    def html(self) -> str:
        shown = html.escape(self.sentence)
        if "`" in self.sentence:
            before, command, after = self.sentence.split("`", 2)
            shown = f"{html.escape(before)}<code>{html.escape(command)}</code>{html.escape(after)}"
        return (
            f"<div><strong>{html.escape(HEAD)}</strong><br>{html.escape(self.message)}"
            f"<br>{shown}</div>"
        )

    def data(self) -> dict[str, Any]:
        """What the front end is told through the comm."""
        return {
            "action": "missing",
            "kernel_name": self.kernel_name,
            "name": self.name,
            "version": self.version,
            "problem": {"code": self.code, "message": self.message, "remedy": self.sentence},
        }


class FallbackKernel(Kernel):  # type: ignore[misc]  # ipykernel is not installed where this is checked
    """Answers every cell with the explanation, as an error."""

    implementation = "mlenv-fallback"
    implementation_version = "1"
    banner = HEAD
    language_info = {
        "name": "python",
        "version": platform.python_version(),
        "mimetype": "text/x-python",
        "file_extension": ".py",
        "pygments_lexer": "ipython3",
        "codemirror_mode": {"name": "ipython", "version": 3},
        "nbconvert_exporter": "python",
    }
    explanation: Explanation

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        # The front end answers a comm it does not know by closing it.
        for kind in ("comm_open", "comm_msg", "comm_close"):
            self.shell_handlers[kind] = self._ignore

    def _ignore(self, *_: Any) -> None:
        return None

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """The explanation, as output and as an error, so that nbclient fails with it."""
        told = self.explanation
        error = {
            "ename": "EnvironmentNotHere",
            "evalue": f"{told.message} {told.sentence}",
            "traceback": [f"\x1b[31m{told.label}\x1b[0m: {told.message}", told.sentence],
        }
        if not silent:
            shown = {"text/plain": told.text(), "text/html": told.html()}
            self.send_response(
                self.iopub_socket, "display_data", {"data": shown, "metadata": {}, "transient": {}}
            )
            self.send_response(self.iopub_socket, "error", error)
            self._tell_front_end()
        return {"status": "error", "execution_count": self.execution_count, **error}

    def _tell_front_end(self) -> None:
        content = {
            "comm_id": uuid.uuid4().hex,
            "target_name": "mlenv",
            "data": self.explanation.data(),
        }
        self.send_response(self.iopub_socket, "comm_open", content)

    def do_is_complete(self, code: str) -> dict[str, str]:
        return {"status": "complete"}


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _from_kernelspec(kernel_name: str) -> dict[str, Any]:
    """Name and version from the kernelspec, where the launch record is gone."""
    from jupyter_core.paths import jupyter_path

    for place in jupyter_path("kernels"):
        found = _json(os.path.join(place, kernel_name, "kernel.json"))
        ours = found.get("metadata", {}).get("mlenv")
        if isinstance(ours, dict):
            return ours
    return {}


def main() -> None:
    """Run until shut down, whatever the configuration of the user's own kernels says."""
    record_path, problem = sys.argv[1:3]
    del sys.argv[1:3]
    FallbackKernel.explanation = Explanation(record_path, json.loads(problem))
    IPKernelApp.launch_instance(kernel_class=FallbackKernel)


if __name__ == "__main__":
    main()
