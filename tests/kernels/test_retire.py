"""Kernels that nobody uses retire; one that runs, is pinned or was used lately stays."""

from __future__ import annotations

import os
import time

import pytest

from mlenv_jupyter.core.errors import InvalidName
from mlenv_jupyter.kernels import kernelspecs, retire

NAMES = [f"mlenv-k{n}-0000000{n}" for n in range(5)]
DAY = retire.DAY


@pytest.fixture
def kernels(tmp_path):
    """Five launch records, the first one installed four days ago, the last one today."""
    place = tmp_path / "records"
    place.mkdir()
    for n, name in enumerate(NAMES):
        path = place / f"{name}.json"
        path.write_text("{}")
        when = time.time() - (4 - n) * DAY - 60
        os.utime(path, (when, when))
    return place


def test_the_least_recently_used_beyond_the_limit(kernels):
    assert retire.to_retire(kernels, NAMES, kept=5, days=0) == []
    assert retire.to_retire(kernels, NAMES, kept=3, days=0) == NAMES[:2]
    # The first one was started just now.
    retire.used_path(kernels, NAMES[0]).touch()
    assert retire.to_retire(kernels, NAMES, kept=3, days=0) == NAMES[1:3]


def test_those_not_started_for_days(kernels):
    assert retire.to_retire(kernels, NAMES, kept=99, days=3) == NAMES[:2]
    assert retire.to_retire(kernels, NAMES, kept=99, days=0) == []


def test_a_pinned_one_stays_and_another_one_goes(kernels):
    retire.set_pinned(kernels, NAMES[0], True)
    assert retire.to_retire(kernels, NAMES, kept=4, days=0) == [NAMES[1]]
    retire.set_pinned(kernels, NAMES[0], False)
    assert retire.to_retire(kernels, NAMES, kept=4, days=0) == [NAMES[0]]


def test_names_are_checked(kernels):
    with pytest.raises(InvalidName):
        retire.set_pinned(kernels, "../x", True)


@pytest.mark.network
def test_a_kernel_that_runs_never_retires(made, start):
    kernel_name = made.install().kernel_name
    kernels = made.kernels
    assert not retire.is_running(kernels, kernel_name)
    old = time.time() - 100 * DAY
    os.utime(kernels / f"{kernel_name}.json", (old, old))
    assert retire.to_retire(kernels, [kernel_name], kept=1, days=90) == [kernel_name]
    with start(kernel_name) as kernel:
        assert kernel.value("1 + 1") == "2"
        # Started just now, and running: neither reason alone decides.
        os.utime(retire.used_path(kernels, kernel_name), (old, old))
        assert retire.is_running(kernels, kernel_name)
        assert retire.to_retire(kernels, [kernel_name], kept=0, days=90) == []
        kernel.restart()
        assert retire.is_running(kernels, kernel_name)
        assert time.time() - retire.last_used(kernels, kernel_name) < 60
    assert not retire.is_running(kernels, kernel_name)
    kernelspecs.remove(kernel_name, kernels=kernels)
    assert not retire.used_path(kernels, kernel_name).exists()
