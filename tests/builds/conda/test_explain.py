"""What cannot be solved, explained: with real rattler and a real channel, nothing installed."""

from __future__ import annotations

from typing import Any

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.version import Preview
from mlenv_jupyter.workspace import Workspace
from tests.conda_channel import Server

pytestmark = [pytest.mark.network, pytest.mark.slow]


def resolve(
    workspace: Workspace, channels: Server, packages: list[str], where: str = "main", **fields: Any
) -> Preview:
    addresses = [f"{channels.address}/{one}" for one in where.split()]
    return workspace.resolve(
        Definition.create(conda_packages=packages, conda_channels=addresses, **fields)
    )


# Packages and other fields; then code, message, culprits, and what the first fix does.
CASES: dict[str, tuple[Any, ...]] = {
    "two": (
        ["oldapp", "newapp"],
        {},
        "conflict",
        "oldapp and newapp cannot be installed together.",
        {"oldapp": "needs padding<2", "newapp": "needs padding>=2"},
        (("oldapp",), ()),
    ),
    "further down": (
        ["oldapp", "wrapper"],
        {},
        "conflict",
        "wrapper and oldapp cannot be installed together.",
        {"wrapper": "needs padding>=2", "oldapp": "needs padding<2"},
        (("wrapper",), ()),
    ),
    "pinned": (
        ["oldapp=1.0", "newapp=2.0"],
        {},
        "conflict",
        "newapp and oldapp cannot be installed together.",
        {"newapp=2.0": "needs padding>=2", "oldapp=1.0": "needs padding<2"},
        (("newapp=2.0",), ("newapp",)),
    ),
    "asked for and needed": (
        ["padding=1.0", "newapp"],
        {},
        "conflict",
        "padding=1.0 and newapp cannot be installed together.",
        {"padding=1.0": "conflicts with newapp", "newapp": "needs padding>=2"},
        (("padding=1.0",), ("padding>=2",)),
    ),
    "asked for twice": (
        ["padding=1.0", "padding>=2"],
        {},
        "conflict",
        "padding=1.0 and padding>=2 exclude each other.",
        {"padding=1.0": "conflicts with padding>=2", "padding>=2": "conflicts with padding=1.0"},
        (("padding>=2",), ()),
    ),
    "misspelt": (
        ["paddin"],
        {},
        "unknown_package",
        "There is no conda package named paddin.",
        {"paddin": "not found"},
        (("paddin",), ("padding",)),
    ),
    "no such version": (
        ["padding=7"],
        {},
        "no_version",
        "There is no padding 7.* on the channels.",
        {"padding=7": "no such version"},
        (("padding=7",), ("padding",)),
    ),
    "no such build": (
        ["padding=1.0=zzz"],
        {},
        "no_version",
        "There is no padding==1.0 zzz on the channels.",
        {"padding=1.0=zzz": "no such version"},
        (("padding=1.0=zzz",), ("padding",)),
    ),
    "virtual": (
        ["needs-gpu"],
        {},
        "virtual_package",
        "needs-gpu needs an NVIDIA driver (CUDA), which this machine lacks.",
        {"needs-gpu": "needs __cuda>=12"},
        None,
    ),
    "needs another Python": (
        ["needs-py27"],
        {"python": "3.11"},
        "requires_python",
        "needs-py27 does not work with Python 3.11 here.",
        {"needs-py27": "needs python 2.7.*"},
        None,
    ),
    "no such Python": (
        ["probe"],
        {"python": "3.6"},
        "python_missing",
        "There is no Python 3.6 on the channels.",
        {},
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_explained(workspace: Workspace, channels: Server, case: str) -> None:
    packages, fields, code, message, culprits, fix = CASES[case]
    with pytest.raises(BuildFailed) as caught:
        resolve(workspace, channels, packages, **fields)
    problem = caught.value.problem()
    assert (problem.code, problem.message) == (code, message)
    assert {one.requirement: one.note for one in problem.culprits} == culprits
    if fix is not None:
        assert (problem.fixes[0].remove, problem.fixes[0].add) == fix
    assert "Nothing was installed." in problem.detail
    assert "├" not in problem.detail and "Cannot solve" not in problem.detail


@pytest.mark.parametrize("fixed", [0, 1])
def test_what_a_fix_makes_can_be_solved(workspace: Workspace, channels: Server, fixed: int) -> None:
    packages = {"padding=1.0", "newapp"}
    with pytest.raises(BuildFailed) as caught:
        resolve(workspace, channels, sorted(packages))
    fix = caught.value.fixes[fixed]
    found = resolve(workspace, channels, sorted(packages - set(fix.remove) | set(fix.add)))
    assert any(one.name == "padding" for one in found.packages)


def test_the_first_channel_that_has_a_package_is_taken(
    workspace: Workspace, channels: Server
) -> None:
    def padding(where: str) -> str:
        found = resolve(workspace, channels, ["padding"], where)
        return next(one.version for one in found.packages if one.name == "padding")

    assert padding("main second") == "2.0"
    assert padding("second main") == "3.0"


def test_builds_are_told_apart(workspace: Workspace, channels: Server) -> None:
    def padding(spec: str) -> str:
        found = resolve(workspace, channels, [spec])
        return next(one.filename for one in found.packages if one.name == "padding")

    assert padding("padding=1.0=h1_0") == "padding-1.0-h1_0.tar.bz2"
    assert padding("padding=1.0") == "padding-1.0-h1_1.tar.bz2"


def test_a_virtual_package_can_be_promised(
    workspace: Workspace, channels: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.4")
    assert resolve(workspace, channels, ["needs-gpu"]).packages


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://127.0.0.1:9/x", "channel_unreachable"),
        ("{}/nothing-here", "channel_missing"),
        ("{}/private", "channel_denied"),
        ("{}/t/${{NOT_SET_ANYWHERE}}/private", "secret_missing"),
    ],
)
def test_channels_that_cannot_be_had(
    workspace: Workspace, channels: Server, address: str, code: str
) -> None:
    asked = Definition.create(
        conda_packages=["padding"], conda_channels=[address.format(channels.address)]
    )
    with pytest.raises(Exception) as caught:
        workspace.resolve(asked)
    assert caught.value.code == code
    assert caught.value.where == "conda.channels"


def test_pip_is_previewed_beside_conda(workspace: Workspace, channels: Server) -> None:
    found = resolve(workspace, channels, ["numpy"], requirements=["six"])
    assert {one.name: one.installer for one in found.packages} == {
        "numpy": "conda",
        "python": "conda",
        "six": "pip",
    }
