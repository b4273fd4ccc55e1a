"""Kernels in containers of a real engine: what they see, how they end, what is left."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.kernels.containers.run import ContainerKernel
from mlenv_jupyter.kernels.drift import drift_of
from mlenv_jupyter.kernels.overlays import collect, discard, list_overlays, rename
from mlenv_jupyter.kernels.record import read_record, record_path
from tests.kernels.containers.conftest import SECRET

pytestmark = [pytest.mark.docker, pytest.mark.network]


def until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_a_kernel_works_where_its_notebook_is(start, containers, tmp_path):
    (tmp_path / "data.csv").write_text("1,2\n")
    _, _, run = start()
    told = run("import os, sys; print(os.getcwd(), os.getuid(), open('data.csv').read().strip())")
    assert told == f"{tmp_path} {os.getuid()} 1,2\n"
    run("open('made.txt', 'w').write('x')")
    assert (tmp_path / "made.txt").stat().st_uid == os.getuid()
    assert run("import os; print(os.environ['CHURN_ROOT'])") == "/data/churn $HOME\n"
    assert "DOCKER_HOST" not in run("import os; print(dict(os.environ))")
    (container,) = containers()
    # What is asked for and allowed is there, and nothing else; no variable shows from outside.
    settings = container.attrs["HostConfig"]
    assert settings["Memory"] == 512 * 1024 * 1024
    assert settings["ShmSize"] == 96 * 1024 * 1024
    assert settings["Privileged"] is False
    assert settings["NetworkMode"] == "bridge"
    mounted, door = settings["Binds"]
    assert mounted == f"{tmp_path}:{tmp_path}:rw"
    assert door.endswith(":/run/mlenv-host:rw")
    assert "CHURN_ROOT" not in json.dumps(container.attrs)
    for ports in settings["PortBindings"].values():
        assert [one["HostIp"] for one in ports] == ["127.0.0.1"]


def test_what_is_not_honoured_is_said(image_kernel):
    kernel = image_kernel.install_kernel(image_kernel.kernels()[0].name, "1")
    assert kernel.notes == (
        "--privileged is not honoured: it is not among c.Workspace.allowed_docker_arguments.",
    )


def test_pip_installs_for_this_kernel_alone(start, image_kernel):
    _, _, run = start()
    said = run("%pip install --no-deps --disable-pip-version-check six")
    assert "Successfully installed six" in said, said
    assert run("import six; print(six.__file__.startswith('/tmp/mlenv/'))") == "True\n"


def test_packages_of_a_cell_without_a_restart(start, image_kernel):
    _, _, run = start()
    added = run("%mlenv add --no-deps six\nimport six\nprint(six.__file__)")
    assert "/tmp/mlenv/" in added, added
    said = run("%mlenv drift\n%mlenv remove six\n%mlenv save")
    assert "Successfully uninstalled six" in said, said
    drift = (
        "import sys; print(sys.modules['_mlenv_magics.drift'].between("
        "get_ipython().find_line_magic('mlenv').__closure__[0].cell_contents.record, "
        "sys.path).text())"
    )
    assert run(drift) == "\n"
    run("%mlenv add --no-deps six")
    assert run(drift).startswith("+1 package: six ")
    assert "`mlenv save` is not run for a kernel in a container" in run("%mlenv save")
    run("%mlenv discard")
    assert run(drift) == "\n"


def test_what_it_has_is_seen_saved_and_discarded_from_outside(start, image_kernel):
    (kernel,) = image_kernel.kernels()
    manager, client, run = start()
    drifts = image_kernel.drifts
    pid = manager.provisioner.pid
    own = drifts.own(kernel.kernel_name, pid=pid, notebook=None)
    seen = drift_of(own)
    assert (seen.name, seen.version, seen.form) == (kernel.name, kernel.version, "image")
    assert not own.look()
    with pytest.raises(Conflict, match="nothing more"):
        drifts.save(own)

    run("%pip install -q --no-deps --disable-pip-version-check six idna==3.9")
    run("!python -m pip install -q --no-deps click")
    busy = client.execute("import time\ntime.sleep(2)")
    seen = drift_of(own)  # also while a cell runs
    assert [one.name for one in seen.added] == ["click", "idna", "six"]
    assert "idna==3.9" in own.look().wanted
    assert (seen.changed, seen.removed) == ((), ())
    made = drifts.save(own, message="three")
    assert (made.name, made.version, made.message) == (kernel.name, "2", "three")
    assert {"idna==3.9"} < set(made.definition.pip.requirements)
    assert made.definition.docker == image_kernel.version(kernel.name, "1").definition.docker
    assert client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] == busy

    own.discard()
    assert not own.look()
    assert "ModuleNotFoundError" in run("import six")
    manager.shutdown_kernel(now=True)
    until(lambda: _is_gone(own))
    with pytest.raises(NotFound):
        drifts.own(kernel.kernel_name, pid=pid, notebook=None)


def _is_gone(own):
    try:
        own.look()
    except NotFound:
        return True
    return False


def test_what_was_added_for_a_notebook_outlives_the_container(start, image_kernel, tmp_path):
    (kernel,) = image_kernel.kernels()
    overlays = image_kernel.places.overlays
    notebook, moved = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    notebook.touch()
    manager, client, run = start(JPY_SESSION_NAME=str(notebook))
    assert run("import os; print(os.environ['TOKEN'])") == f"{SECRET}\n"
    said = run("%pip install --no-deps --disable-pip-version-check six idna==3.9")
    assert "this notebook's overlay" in said, said
    run("!uv pip install -q click; python -m pip uninstall -q -y idna")
    own = image_kernel.drifts.own(kernel.kernel_name, pid=manager.provisioner.pid, notebook=None)
    (mine,) = list_overlays(overlays)
    assert (own.notebook, mine.notebook, mine.in_use) == (str(notebook), str(notebook), True)
    assert SECRET not in (mine.place / "overlay.json").read_text()
    with pytest.raises(Conflict):
        discard(mine)

    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=60)
    assert run("import six; print(six.__file__)").startswith(str(mine.place))
    assert [one.name for one in drift_of(own_of(image_kernel, manager)).added][-1] == "six"
    manager.shutdown_kernel(now=True)
    until(lambda: not mine.in_use)

    # It goes with its notebook, is empty in another, and ends with it.
    notebook.rename(moved)
    rename(overlays, str(notebook), str(moved))
    _, _, again = start(JPY_SESSION_NAME=str(moved))
    assert again("import six; print('there')") == "there\n"
    third, _, other = start(JPY_SESSION_NAME=str(notebook))
    assert "ModuleNotFoundError" in other("import six")
    other("%pip install -q --no-deps --disable-pip-version-check idna==3.9")
    own = own_of(image_kernel, third)
    own.discard()
    assert not own.look()
    assert "ModuleNotFoundError" in other("import idna")
    third.shutdown_kernel(now=True)
    until(lambda: {one.notebook for one in list_overlays(overlays) if one.in_use} == {str(moved)})
    assert len(collect(overlays)) == 1
    assert [one.notebook for one in list_overlays(overlays)] == [str(moved)]


def own_of(workspace, manager):
    kernel_name = workspace.kernels()[0].kernel_name
    return workspace.drifts.own(kernel_name, pid=manager.provisioner.pid, notebook=None)


def test_a_container_that_lies_is_told_apart(start, image_kernel, containers):
    (kernel,) = image_kernel.kernels()
    manager, _, run = start()
    own = image_kernel.drifts.own(kernel.kernel_name, pid=manager.provisioner.pid, notebook=None)
    run("open('/run/mlenv/launcher/outside.py', 'w').write('print([1, 2])')")
    with pytest.raises(Unavailable, match="does not say"):
        own.look()


def test_mlenv_asks_its_host_as_far_as_that_is_allowed(start, image_kernel):
    _, _, run = start(MLENV_WIDGETS="1", MLENV_DATABASE="x")
    names = "[one for one in os.environ if one.startswith('MLENV_')]"
    assert run(f"import os; print({names})") == "['MLENV_WIDGETS']\n"
    (kernel,) = image_kernel.kernels()
    assert "registered v1" in run(f"%mlenv history {kernel.name}")
    assert "`mlenv new` is not run for a kernel in a container" in run("%mlenv new other -p six")
    assert [one.name for one in image_kernel.environments().items] == [kernel.name]


def test_interrupt_reaches_the_kernel_and_what_it_started(start):
    manager, _, run = start()
    threading.Timer(1.5, manager.interrupt_kernel).start()
    began = time.monotonic()
    assert "KeyboardInterrupt" in run("import time\ntime.sleep(60)")
    assert time.monotonic() - began < 20
    assert run("print(6 * 7)") == "42\n"


def test_shutdown_and_restart_leave_no_container(start, containers):
    manager, client, run = start()
    (before,) = containers()
    run("x = 1")
    manager.restart_kernel()
    client.wait_for_ready(timeout=60)
    assert "NameError" in run("x")
    (after,) = containers()
    assert after.id != before.id
    manager.shutdown_kernel()
    assert containers() == []


def test_a_killed_launcher_takes_its_container_along(start, containers):
    manager, _, _ = start()
    assert len(containers()) == 1
    os.kill(manager.provisioner.process.pid, signal.SIGKILL)
    until(lambda: not containers())


def test_a_kernel_that_dies_ends_its_launcher(start, containers):
    manager, client, _ = start()
    client.execute("import os; os._exit(3)")
    until(lambda: not manager.is_alive())
    assert containers() == []


def test_a_removed_container_ends_its_launcher(start, containers):
    manager, _, _ = start()
    containers()[0].remove(force=True)
    until(lambda: not manager.is_alive())


def test_what_a_launcher_left_is_swept_by_the_next(
    start, containers, client_of_engine, image_kernel
):
    import socket

    kernel = image_kernel.kernels()[0].kernel_name
    left = client_of_engine.containers.run(
        "mlenv/test-base:1",
        ["sleep", "600"],
        detach=True,
        network_mode="none",
        labels={
            "mlenv.kernel": kernel,
            "mlenv.launcher": f"{socket.gethostname()}:{2**22 - 1}:1.00",
        },
    )
    start()
    assert left.id not in [one.id for one in containers()]


def test_host_network_where_it_is_configured(start, containers, image_kernel):
    image_kernel.container_network = "host"
    try:
        image_kernel.install_kernel(image_kernel.kernels()[0].name, "1")
        _, _, run = start()
        assert run("print(6 * 7)") == "42\n"
        assert containers()[0].attrs["HostConfig"]["NetworkMode"] == "host"
    finally:
        image_kernel.container_network = "bridge"
        image_kernel.install_kernel(image_kernel.kernels()[0].name, "1")


def test_a_missing_engine_is_explained_by_the_fallback_kernel(start, tmp_path):
    _, _, run = start(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert "The container engine does not answer" in run("1")


def test_a_distant_engine_is_said_before_the_start(start):
    _, _, run = start(DOCKER_HOST="ssh://engine.example.org")
    said = run("1")
    assert "cannot be mounted" in said
    assert "c.Workspace.container_mount = False" in said


def test_another_directory_under_the_same_path_is_noticed(start, tmp_path, monkeypatch):
    from mlenv_jupyter.kernels.assets import inside

    (tmp_path / "here").write_text("")
    config = {"directory": str(tmp_path), "entries": ["here"]}
    inside.check_mounted(config)
    codes = []
    monkeypatch.setattr(inside.os, "_exit", codes.append)
    inside.check_mounted({**config, "entries": ["elsewhere"]})
    assert codes == [inside.NOT_MOUNTED]


def test_a_port_that_is_taken_is_explained(image_kernel, tmp_path, monkeypatch):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        names = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
        connection = tmp_path / "connection.json"
        connection.write_text(
            json.dumps({"ip": "127.0.0.1", "transport": "tcp", **dict.fromkeys(names, port)})
        )
        monkeypatch.chdir(tmp_path)
        kernel = image_kernel.kernels()[0].kernel_name
        record = read_record(record_path(image_kernel.places.kernels, kernel))
        launcher = ContainerKernel(record, record.container, {}, Path(connection))
        monkeypatch.setattr(launcher, "_catch_signals", lambda client: None)
        with pytest.raises(Unavailable) as raised:
            launcher.run()
    assert raised.value.code == "container_refused"
    assert str(port) in raised.value.detail
