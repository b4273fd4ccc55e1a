"""What of docker.arguments is honoured."""

from __future__ import annotations

import pytest

from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.kernels.containers.policy import ALLOWED, Policy, granted


def grant(*arguments: str, policy: Policy | None = None, **fields: object):
    return granted(DockerSection(arguments=arguments, **fields), policy or Policy())


def test_limits_are_honoured_however_they_are_written():
    expected = {"mem_limit": "2g", "nano_cpus": 1_500_000_000, "shm_size": "64m"}
    for arguments in (
        ("-m", "2g", "--cpus=1.5", "--shm-size", "64m"),
        ("-m 2g --cpus 1.5 --shm-size=64m",),
    ):
        assert grant(*arguments).options == expected
        assert grant(*arguments).notes == ()


@pytest.mark.parametrize(
    "argument",
    [
        "--privileged",
        "-v /:/host",
        "--volume=/etc:/etc",
        "--network host",
        "--net=host",
        "--pid host",
        "--ipc=host",
        "--uts host",
        "--cap-add SYS_ADMIN",
        "--device /dev/kvm",
        "--security-opt seccomp=unconfined",
        "--add-host a:127.0.0.1",
        "--userns host",
        "--mount type=bind,source=/,target=/host",
        "--entrypoint /bin/sh",
    ],
)
def test_nothing_of_the_host_is_given_by_default(argument):
    given = grant(argument)
    assert given.options == {}
    assert given.network == "bridge"
    assert len(given.notes) == 1
    assert "not honoured" in given.notes[0]


def test_an_administrator_can_allow_more():
    policy = Policy(allowed=(*ALLOWED, "--volume", "--privileged"))
    given = grant("--privileged", "-v", "/data:/data:ro", policy=policy)
    assert given.options == {"privileged": True, "binds": ["/data:/data:ro"]}


def test_an_administrator_can_limit_all():
    policy = Policy(memory="1g", cpus=2)
    assert grant(policy=policy).options == {"mem_limit": "1g", "nano_cpus": 2_000_000_000}
    assert grant("-m 4g", policy=policy).options["mem_limit"] == "1g"
    assert grant("-m 512m", policy=policy).options["mem_limit"] == "512m"
    assert granted(None, policy).options["mem_limit"] == "1g"


def test_gpus_and_shared_memory_of_the_section():
    given = grant(shm_size="2g", gpu_support=True)
    assert given.options["shm_size"] == "2g"
    assert given.options["device_requests"][0]["Count"] == -1


def test_without_shared_volumes_nothing_is_mounted():
    given = grant(shared_volumes=False)
    assert not given.mount
    assert "not mounted" in given.notes[0]


@pytest.mark.parametrize("argument", ["--cpus many", "-m lots", "--memory", "--gpus some"])
def test_a_wrong_value_is_said(argument):
    given = grant(argument)
    assert given.options == {}
    assert "not honoured" in given.notes[0]
