"""What the extension costs a server that nobody asks anything of."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("sqlalchemy", "alembic", "docker", "rattler", "packaging.requirements", "filelock", "uv")
LOAD = """
import json, sys
import jupyter_server.serverapp, jupyter_server.extension.application
import jupyter_server.base.websocket, jupyter_events
before = set(sys.modules)
import mlenv_jupyter
mlenv_jupyter._jupyter_server_extension_points()
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_loading_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    imported = json.loads(done.stdout)
    assert "mlenv_jupyter.server.extension" in imported
    assert not [
        name for name in imported if any(name == one or name.startswith(one + ".") for one in HEAVY)
    ]
    assert "mlenv_jupyter.workspace" not in imported
