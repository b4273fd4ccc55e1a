"""The oldest and the newest Python that kernels run on, where they are on this machine."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_kernel_installs_and_promotes(version, other_python, make_for, start):
    made = make_for(other_python(version))
    before = made.checksum()
    # The launcher needs ipykernel 7.3 and so Python 3.10: it is of the Python that runs mlenv.
    record = made.install()
    links = f"--no-index --find-links {made.wheels}"
    with start(record.kernel_name) as kernel:
        shown = kernel.value("import sys; '%d.%d' % sys.version_info[:2]")
        assert shown == repr(version)
        assert kernel.run("%mlenv").status == "ok"
        shown = kernel.run(f"%pip install -q {links} gamma==0.1")
        assert "gamma 0.1" in shown.text
        assert kernel.value("import gamma; gamma.__version__") == "'0.1'"
        shown = kernel.run(f"!uv pip install {links} 'gamma>0.1' alpha")
        assert "gamma 0.2 (was 0.1)" in shown.text
        assert kernel.run("!pip uninstall beta").status == "ok"
        assert kernel.run("import beta").status == "error"
    assert made.checksum() == before
