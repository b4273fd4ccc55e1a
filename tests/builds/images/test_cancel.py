"""Cancelling a build of an image: within five seconds, and nothing of it goes on."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace

pytestmark = [pytest.mark.docker]


@pytest.mark.parametrize("buildkit", ["1", "0"])
def test_a_cancelled_build_ends_with_its_step(
    workspace: Workspace, engine: Any, monkeypatch: pytest.MonkeyPatch, buildkit: str
) -> None:
    if buildkit == "0":
        monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    mark = f"sleep 987.{time.time_ns()}"
    text = f"FROM mlenv/test-base:1\nRUN echo begun && {mark}\n"
    workspace.register("slow", Definition.create(docker=DockerSection(dockerfile=text)))
    build = workspace.build("slow")
    until(lambda: any(one.x == "begun" for one in read_records(workspace.log_path(build.id))), 30)
    began = time.monotonic()
    workspace.cancel(build.id)
    ended = workspace.wait(build.id, 10)
    assert ended.state == "cancelled"
    assert time.monotonic() - began < 5
    until(lambda: not running(mark), 5)


def running(mark: str) -> bool:
    import psutil

    words = mark.split()
    return any(
        (one.info["cmdline"] or [])[-2:] == words for one in psutil.process_iter(["cmdline"])
    )


def until(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)
