"""A real kernel, started as any Jupyter client does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.network

IN_CLIENT = """
import json, sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1])
reply = client.execute_interactive(
    sys.argv[2], output_hook=lambda m: print(m["content"].get("text", ""), end="")
)
client.stop_channels()
manager.shutdown_kernel()
sys.exit(reply["content"]["status"] != "ok")
"""


def run_in_client(python: Path | str, kernel_name: str, code: str, **extra: str) -> str:
    """One cell in a client of its own; what it printed."""
    done = subprocess.run(
        [python, "-c", IN_CLIENT, kernel_name, code],
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_starts_from_a_client_without_mlenv(made, tmp_path):
    record = made.install()
    client = tmp_path / "client"
    made.uv_run("venv", client)
    made.uv_run("pip", "install", "--python", client / "bin" / "python", "jupyter_client")
    code = "import alpha, os; print(alpha.__version__, os.environ['CHURN_ROOT'])"
    shown = run_in_client(client / "bin" / "python", record.kernel_name, code)
    assert shown == "1.0 /data/churn $HOME\n"


def test_namespace_and_path_are_those_of_plain_ipykernel(made, start, jupyter_data):
    record = made.install()
    plain = jupyter_data / "kernels" / "plain"
    plain.mkdir()
    argv = [os.fspath(made.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    environment = {"PYTHONPATH": os.fspath(made.layer)}
    described = {"argv": argv, "display_name": "plain", "language": "python", "env": environment}
    (plain / "kernel.json").write_text(json.dumps(described))
    names = "sorted(globals())"
    path = (
        "import sys, sysconfig; "
        "[one for one in sys.path if not one.endswith('site-packages') and 'layers' not in one]"
    )
    with start("plain") as kernel:
        expected = kernel.value(names), kernel.value(path)
    with start(record.kernel_name) as kernel:
        assert (kernel.value(names), kernel.value(path)) == expected
        found = json.loads(kernel.value("import json; print(json.dumps(sys.path))"))
        last = [os.fspath(made.site_packages), os.fspath(made.layer)]
        assert found[-2:] == last
        assert "launcher" not in "".join(found)


def test_environment_is_that_of_the_client_without_its_secrets(made, start):
    record = made.install()
    kept = {"MY_TOKEN": "mine", "JUPYTERHUB_USER": "ann"}
    dropped = {
        "JUPYTERHUB_API_TOKEN": "x",
        "JPY_API_TOKEN": "x",
        "JUPYTER_TOKEN": "x",
        "MLENV_DATABASE": "x",
        "PYTHONPATH": "/nowhere",
        "PYTHONHOME": "",
    }
    with start(record.kernel_name, **kept, **dropped) as kernel:
        shown = kernel.value("import json, os; print(json.dumps(dict(os.environ)))")
    found = json.loads(shown)
    assert kept.items() <= found.items()
    assert not dropped.keys() & found.keys()
    assert found["VIRTUAL_ENV"].startswith(os.fspath(made.overlays))
    assert found["PATH"].split(":")[:3] == [
        os.path.join(found["VIRTUAL_ENV"], "bin"),
        os.path.join(made.prefix, "bin"),
        os.path.join(made.layer, "bin"),
    ]


def test_scripts_of_the_prefix_run_in_the_overlay(made, start):
    record = made.install()
    with start(record.kernel_name) as kernel:
        prefix = kernel.value("import sys; print(sys.prefix)").strip()
        assert kernel.run("!alpha-says").text.strip() == f"alpha in {prefix}"


def test_magic_loads_on_first_use(made, start):
    record = made.install()
    with start(record.kernel_name) as kernel:
        assert kernel.value("import sys; '_mlenv_magic' in sys.modules") == "False"
        assert kernel.run("%mlenv").status == "ok"
        assert kernel.value("'_mlenv_magic' in sys.modules") == "True"


def test_temporary_overlay_goes_with_its_kernel(made, start):
    record = made.install()
    with start(record.kernel_name) as kernel:
        prefix = Path(kernel.value("import sys; print(sys.prefix)").strip())
        assert prefix.parent == made.overlays
    assert not prefix.exists()
    assert list(made.overlays.iterdir()) == []


def test_overlay_belongs_to_notebook_and_version(made, start, tmp_path):
    record = made.install()
    notebook = tmp_path / "train.ipynb"
    add = f"%pip install -q --no-index --find-links {made.wheels} gamma==0.1"
    where = "import sys; print(sys.prefix)"
    with start(record.kernel_name, notebook) as kernel:
        first = kernel.value(where)
        assert kernel.run(add).status == "ok"
        kernel.restart()
        assert kernel.value("import gamma; gamma.__version__") == "'0.1'"
    with start(record.kernel_name, notebook) as kernel:
        assert kernel.value(where) == first
        assert kernel.value("import gamma; gamma.__version__") == "'0.1'"
    with start(record.kernel_name, tmp_path / "other.ipynb") as kernel:
        assert kernel.value(where) != first
        assert kernel.run("import gamma").status == "error"
    made.install(definition_id="f" * 64)
    with start(record.kernel_name, notebook) as kernel:
        assert kernel.value(where) != first


def test_inherited_session_name_gets_a_temporary_overlay(made, tmp_path):
    record = made.install()
    notebook = os.fspath(tmp_path / "train.ipynb")
    code = "import os, sys; print(os.path.basename(sys.prefix))"
    shown = run_in_client(sys.executable, record.kernel_name, code, JPY_SESSION_NAME=notebook)
    assert shown.startswith("tmp-")
    assert list(made.overlays.iterdir()) == []


def test_store_that_cannot_be_written_still_gives_a_kernel(made, start, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("not a directory")
    record = made.install(overlays=os.fspath(blocked))
    with start(record.kernel_name, tmp_path / "train.ipynb") as kernel:
        assert kernel.value("import alpha; alpha.__version__") == "'1.0'"
        place = Path(kernel.value("import sys; print(sys.prefix)").strip())
    assert not place.exists()
