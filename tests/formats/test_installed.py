"""What is installed, as the Definition that makes it again."""

from __future__ import annotations

from typing import Any

import pytest

from mlenv_jupyter.core.existing import Contents, Installed, InstalledConda
from mlenv_jupyter.formats.installed import channel_of, installed_pins, read_installed


def contents(*distributions: Installed, conda: tuple[InstalledConda, ...] = ()) -> Contents:
    markers = {"python_version": "3.11", "sys_platform": "linux"}
    return Contents(python="3.11.7", markers=markers, distributions=distributions, conda=conda)


def one(name: str, *requires: str, **fields: Any) -> Installed:
    return Installed(name=name, version="1.0", requires=requires, **fields)


def requirements(*distributions: Installed) -> tuple[str, ...]:
    return read_installed(contents(*distributions)).definition.pip.requirements


def test_only_what_nothing_needs_is_named_and_it_is_pinned() -> None:
    read = read_installed(contents(one("Pandas", "numpy>=1"), one("numpy"), one("rich")))
    assert read.definition.python == "3.11"
    assert read.definition.pip.requirements == ("pandas==1.0", "rich==1.0")


def test_what_pip_was_told_by_name_is_named_though_something_needs_it() -> None:
    asked = one("numpy", requested=True, installer="pip")
    assert requirements(one("pandas", "numpy"), asked) == ("numpy==1.0", "pandas==1.0")
    # uv marks everything: its mark says nothing.
    marked = one("numpy", requested=True, installer="uv")
    assert requirements(one("pandas", "numpy"), marked) == ("pandas==1.0",)


def test_an_extra_counts_only_where_it_was_asked_for() -> None:
    server = one("uvicorn", "httptools; extra == 'standard'")
    assert requirements(server, one("httptools")) == ("httptools==1.0", "uvicorn==1.0")
    app = one("app", "uvicorn[standard]")
    assert requirements(app, server, one("httptools")) == ("app==1.0",)


def test_a_marker_for_another_platform_needs_nothing() -> None:
    app = one("app", "colorama; sys_platform == 'win32'")
    assert requirements(app, one("colorama")) == ("app==1.0", "colorama==1.0")


def test_a_circle_that_nothing_needs_is_not_lost() -> None:
    assert requirements(one("a", "b"), one("b", "a")) == ("a==1.0",)


def test_tools_are_left_out_and_said() -> None:
    read = read_installed(contents(one("pip"), one("setuptools"), one("six")))
    assert read.definition.pip.requirements == ("six==1.0",)
    assert read.report.kept[0].startswith("pip, setuptools: left out")


def test_setuptools_stays_where_something_needs_it() -> None:
    assert requirements(one("old", "setuptools"), one("setuptools")) == ("old==1.0",)


def test_what_is_on_this_machine_only_is_refused_and_what_it_needs_stays() -> None:
    url = {"url": "file:///home/me/work", "dir_info": {"editable": True}}
    read = read_installed(
        contents(
            one("mine", "numpy", direct_url=url),
            one("numpy"),
            one("older", editable="/home/me/older"),
            one("wheel-of-mine", direct_url={"url": "file:///tmp/x-1.0-py3-none-any.whl"}),
        )
    )
    assert read.definition.pip.requirements == ("numpy==1.0",)
    assert [(p.where, p.code) for p in read.problems] == [
        ("mine", "editable_install"),
        ("older", "editable_install"),
        ("wheel-of-mine", "local_install"),
    ]


def test_a_checkout_is_named_by_its_commit_without_a_secret() -> None:
    url = {
        "url": "https://me:hunter2@example.org/x.git",
        "vcs_info": {"vcs": "git", "commit_id": "a" * 40},
        "subdirectory": "python",
    }
    read = read_installed(contents(one("x", direct_url=url)))
    wanted = f"x @ git+https://example.org/x.git@{'a' * 40}#subdirectory=python"
    assert read.definition.pip.requirements == (wanted,)
    assert "hunter2" not in repr(read)


def test_a_signed_address_is_refused() -> None:
    url = {"url": "https://example.org/x-1.0.tar.gz?sig=abcdef0123456789", "archive_info": {}}
    read = read_installed(contents(one("x", direct_url=url)))
    assert read.definition.pip.requirements == ()
    assert read.problems[0].code == "secret_address"
    assert "abcdef" not in repr(read)


def test_conda_packages_that_were_asked_for() -> None:
    def conda(name: str, **fields: Any) -> InstalledConda:
        channel = "https://example.org/conda-forge/linux-64"
        return InstalledConda(**{"name": name, "version": "2.0", "channel": channel, **fields})

    read = read_installed(
        contents(
            one("numpy", installer="conda"),
            one("rich"),
            conda=(
                conda("numpy", requested="numpy>=1", depends=("python >=3.9", "libblas")),
                conda("libblas", channel="https://example.org/other/noarch"),
                conda("python", requested="python=3.11"),
            ),
        )
    )
    assert read.definition.conda.packages == ("numpy=2.0",)
    assert read.definition.conda.channels == (
        "https://example.org/conda-forge",
        "https://example.org/other",
    )
    assert read.definition.pip.requirements == ("rich==1.0",)


@pytest.mark.parametrize(
    ("address", "channel"),
    [
        ("conda-forge", "conda-forge"),
        ("conda-forge/linux-64", "conda-forge"),
        ("https://conda.anaconda.test/conda-forge/noarch", "conda-forge"),
        ("file:///srv/channel/linux-64", "file:///srv/channel"),
        ("https://u:p@example.org/t/secret/lab/linux-64", "https://example.org/lab"),
    ],
)
def test_channels(address: str, channel: str) -> None:
    assert channel_of(address) == channel


def test_pins_are_of_everything_that_an_index_had() -> None:
    assert installed_pins(contents(one("A_b"), one("x", direct_url={"url": "file:///x"}))) == (
        "a-b==1.0",
    )
