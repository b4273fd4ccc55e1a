"""The fallback kernel: whatever is missing, the notebook says what and how to get it."""

from __future__ import annotations

import os
import shutil

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

pytestmark = pytest.mark.network


def no_prefix(made, record):
    return made.install(
        prefix="/nowhere", python="/nowhere/bin/python", site_packages="/nowhere/lib"
    )


def not_committed(made, record):
    return made.install(record=os.fspath(made.home / "nothing.json"))


def no_python(made, record):
    broken = made.home / "broken"
    shutil.copytree(made.prefix, broken, symlinks=True)
    for place in (broken, broken / "bin"):
        place.chmod(0o755)
    (broken / "bin" / "python").unlink()
    (broken / "bin" / "python").symlink_to("/opt/gone/bin/python3.11")
    return made.install(
        prefix=os.fspath(broken),
        python=os.fspath(broken / "bin" / "python"),
        site_packages=os.fspath(broken / made.site_packages.relative_to(made.prefix)),
    )


def no_layer(made, record):
    return made.install(layer="/nowhere/layer")


def no_launch_record(made, record):
    (made.kernels / f"{record.kernel_name}.json").unlink()
    return record


def bad_launch_record(made, record):
    (made.kernels / f"{record.kernel_name}.json").write_text("{")
    return record


def no_ipykernel(made, record):
    empty = made.home / "empty-layer"
    empty.mkdir()
    return made.install(layer=os.fspath(empty))


BROKEN = {
    no_prefix: ("churn-model v3 is not on this machine any more", "mlenv build churn-model:3"),
    not_committed: ("churn-model v3 is not whole", "mlenv build churn-model:3"),
    no_python: ("it was /opt/gone/bin/python3.11", "mlenv build churn-model:3"),
    no_layer: ("kernel layer of churn-model v3 is gone", "mlenv build churn-model:3"),
    no_launch_record: ("no longer knows", "mlenv kernel install churn-model:3"),
    bad_launch_record: ("damaged", "mlenv kernel install churn-model:3"),
    no_ipykernel: ("ipykernel cannot be imported", "mlenv build churn-model:3"),
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_says_what_is_missing_and_how_to_get_it(made, start, broken):
    message, command = BROKEN[broken]
    record = broken(made, made.install())
    with start(record.kernel_name) as kernel:
        shown = kernel.run("1 + 1")
        assert shown.status == "error"
        assert message in shown.text
        assert f"`{command}`" in shown.text
        assert f"<code>{command}</code>" in shown.html
        (comm,) = shown.comms
        assert comm["target_name"] == "mlenv"
        assert comm["data"]["action"] == "missing"
        assert comm["data"]["name"] == "churn-model"
        assert comm["data"]["version"] == "3"
        assert message in comm["data"]["problem"]["message"]
        # It goes on answering.
        assert kernel.run("2").status == "error"


def test_nbclient_fails_with_the_explanation(made):
    record = no_prefix(made, None)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    with pytest.raises(CellExecutionError, match="mlenv build churn-model:3"):
        NotebookClient(notebook, kernel_name=record.kernel_name).execute()


def test_names_are_escaped(made, start):
    record = no_prefix(made, None)
    made.install(
        name="<img src=x>", prefix="/nowhere", python="/nowhere/p", site_packages="/nowhere/lib"
    )
    with start(record.kernel_name) as kernel:
        shown = kernel.run("1")
    assert "&lt;img src=x&gt;" in shown.html
    assert "<img" not in shown.html


def test_the_real_kernel_is_back_once_it_is_built(made, start):
    record = no_prefix(made, None)
    with start(record.kernel_name) as kernel:
        assert kernel.run("1 + 1").status == "error"
        made.install()
        kernel.restart()
        assert kernel.value("1 + 1") == "2"
