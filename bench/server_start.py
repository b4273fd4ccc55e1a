"""What does the extension add to the start of a Jupyter server?"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from bench.measure import Table, median, rounds

# The time that the server spends on its extensions: import, link and load, in a fresh process.
PROGRAM = """
import json, sys, time
from jupyter_server.serverapp import ServerApp

extensions = json.loads(sys.argv[1])
app = ServerApp()
app.initialize(argv=["--no-browser", "--port=0", "--allow-root", "--ServerApp.log_level=ERROR"],
               find_extensions=False)
began = time.perf_counter()
app.jpserver_extensions = extensions
app.init_server_extensions()
app.load_server_extensions()
print(time.perf_counter() - began)
"""


def run(count: int) -> list[Table]:
    """Load no extension, and mlenv's."""

    def once(extensions: dict[str, bool]) -> float:
        argv = [sys.executable, "-c", PROGRAM, json.dumps(extensions)]
        said = subprocess.run(argv, capture_output=True, text=True, check=True)
        return float(said.stdout.splitlines()[-1])

    found = rounds(
        {"none": lambda: once({}), "mlenv": lambda: once({"mlenv_jupyter": True})}, count * 4
    )
    none = median(found["none"]).seconds
    added = [(one.seconds - none) * 1e3 for one in found["mlenv"]]
    spread = f"{min(added):.1f} … {max(added):.1f} ms"
    rows = (("mlenv's extension", f"{statistics.median(added):.1f} ms", spread),)
    note = "Goal: at most 15 ms."
    return [Table("Server start", ("", "added (median)", "spread"), rows, note)]
