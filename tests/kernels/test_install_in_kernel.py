"""%pip, !pip, python -m pip, !uv pip in a running kernel: into the overlay, never the prefix.

Every test here also asserts that the prefix is what it was: the fixture ``made`` does.
"""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.network

TOOLS = {
    "%pip": "%pip {} {}",
    "!pip": "!pip {} {}",
    "python -m pip": "!python -m pip {} {}",
    "subprocess": (
        "import subprocess, sys; print(subprocess.run([sys.executable, '-m', 'pip', "
        "*'{} {}'.split()], capture_output=True, text=True).stdout)"
    ),
    "!uv pip": "!uv pip {} {}",
    "%uv pip": "%uv pip {} {}",
    "uv with this Python": "import sys\n!uv pip {} --python {{sys.executable}} {}",
}


@pytest.mark.parametrize("tool", TOOLS)
def test_install_upgrade_remove(made, start, tool):
    record = made.install()
    links = f"--no-index --find-links {made.wheels}"

    def command(verb: str, what: str) -> str:
        return TOOLS[tool].format(verb, what)

    with start(record.kernel_name) as kernel:
        kernel.run("import alpha.says")
        shown = kernel.run(command("install", f"{links} gamma==0.1"))
        assert "not into churn-model v3:" in shown.text
        assert "gamma 0.1" in shown.text
        assert kernel.value("import gamma; gamma.__version__") == "'0.1'"

        shown = kernel.run(command("install", f"{links} -U beta gamma"))
        assert "beta 1.1 (was 1.0)" in shown.text
        assert "gamma 0.1 stays imported until you restart the kernel" in shown.text
        assert kernel.value("import beta; beta.__version__") == "'1.1'"
        # alpha was not named, so it stays as it is locked.
        assert kernel.value("from importlib.metadata import version; version('alpha')") == "'1.0'"

        shown = kernel.run(command("uninstall", "alpha"))
        assert "alpha 1.0" in shown.text
        assert "alpha 1.0 stays imported until you restart the kernel (removed)" in shown.text
        # What is imported already goes on, from the prefix.
        assert kernel.value("import alpha.late; alpha.late.value") == "1"
        kernel.run("import sys; sys.modules.pop('alpha')")
        assert kernel.run("import alpha").status == "error"
        shown = kernel.run("!alpha-says")
        assert "not found" in shown.text


def test_reads_do_not_promote(made, start):
    record = made.install()
    with start(record.kernel_name) as kernel:
        for code in ("%pip list", "!pip show alpha", "!uv pip list", "!uv pip show alpha"):
            assert "alpha" in kernel.run(code).text
        place = kernel.value("import sys; print(sys.prefix)").strip()
        assert not os.path.exists(os.path.join(place, "promoted"))
        kernel.run(f"!pip install --dry-run --no-index --find-links {made.wheels} gamma")
        kernel.run(f"!pip install --no-index --find-links {made.wheels} --target /dev/null gamma")
        assert not os.path.exists(os.path.join(place, "promoted"))


def test_lock_holds_unless_a_package_is_named(made, start):
    record = made.install()
    links = f"--no-index --find-links {made.wheels}"
    with start(record.kernel_name) as kernel:
        for tool in ("%pip", "!uv pip"):
            shown = kernel.run(f"{tool} install {links} delta")  # needs alpha >= 2
            assert "To change one of them here, name it in the command." in shown.text
            assert kernel.run("import delta").status == "error"
        shown = kernel.run(f"%pip install {links} delta alpha")
        assert "alpha 2.0 (was 1.0), delta 3.0" in shown.text
        assert kernel.value("import delta; delta.__version__") == "'3.0'"


def test_packages_of_the_layer_keep_their_version(made, start):
    record = made.install()
    locked = record.layer_packages["traitlets"]
    with start(record.kernel_name) as kernel:
        shown = kernel.run("!uv pip install --no-deps --dry-run traitlets")
        kernel.run("!uv pip install -q --no-deps traitlets")
        assert kernel.value("from importlib.metadata import version; version('traitlets')") == (
            f"'{locked}'"
        ), shown.text


def test_editable_install_comes_before_the_prefix(made, start, tmp_path):
    project = tmp_path / "alpha-work"
    project.mkdir()
    (project / "alpha.py").write_text("__version__ = 'mine'\n")
    (project / "setup.py").write_text(
        "from setuptools import setup; setup(name='alpha', version='9', py_modules=['alpha'])"
    )
    record = made.install()
    with start(record.kernel_name, tmp_path / "n.ipynb") as kernel:
        shown = kernel.run(f"!uv pip install -e {project}")
        assert "alpha 9 (was 1.0)" in shown.text
        kernel.restart()
        assert kernel.value("import alpha; alpha.__version__") == "'mine'"


def test_pip_itself_can_be_replaced(made, start, tmp_path):
    record = made.install()
    with start(record.kernel_name, tmp_path / "n.ipynb") as kernel:
        assert "pip 2" in kernel.run("%pip --version").text
        shown = kernel.run("%pip install -q --force-reinstall 'pip==25.0.1'")
        assert "pip 25.0.1" in shown.text
        assert "pip 25.0.1" in kernel.run("!pip --version").text
        shown = kernel.run(f"%pip install --no-index --find-links {made.wheels} gamma")
        assert "not into churn-model v3:" in shown.text
        kernel.restart()
        assert kernel.value("import pip; pip.__version__") == "'25.0.1'"
