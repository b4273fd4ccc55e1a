"""The kernel layer: what goes in, and scripts that run with any Python."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.kernels.layer import finish_layer, layer_requirements


@pytest.mark.parametrize("version", ["3.8", "3.11.7", "3.13.0"])
def test_has_a_kernel_and_pip(version):
    names = {Requirement(one).name for one in layer_requirements(version)}
    assert {"ipykernel", "pip", "comm"} == names


@pytest.mark.parametrize("version", ["2.7.18", "3.6"])
def test_too_old_a_python_is_named(version):
    with pytest.raises(Unavailable, match=version):
        layer_requirements(version)


@pytest.mark.parametrize(
    "script",
    [
        "#!/the/prefix/bin/python\nimport sys; print(sys.prefix)\n",
        "#!/bin/sh\n'''exec' \"/a long/bin/python\" \"$0\" \"$@\"\n' '''\nimport sys; print(sys.prefix)\n",  # noqa: E501
    ],
)
def test_scripts_run_with_the_python_on_the_path(tmp_path, script):
    (tmp_path / "bin").mkdir()
    path = tmp_path / "bin" / "tool"
    path.write_text(script)
    path.chmod(0o555)
    kept = tmp_path / "linked"
    os.link(path, kept)
    finish_layer(tmp_path)
    shown = subprocess.run(
        [path],
        env={"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == sys.prefix
    assert kept.read_text() == script, "the linked file was edited"


def test_other_files_stay(tmp_path):
    (tmp_path / "bin").mkdir()
    for name, data in {"elf": b"\x7fELF", "sh": b"#!/bin/sh\nls\n", "text": b"python"}.items():
        (tmp_path / "bin" / name).write_bytes(data)
    finish_layer(tmp_path)
    assert (tmp_path / "bin" / "sh").read_bytes() == b"#!/bin/sh\nls\n"
    assert (tmp_path / "bin" / "elf").read_bytes() == b"\x7fELF"
    finish_layer(tmp_path / "nothing")
