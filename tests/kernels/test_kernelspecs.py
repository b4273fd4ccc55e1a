"""Kernelspecs: whole or not at all, and never somebody else's."""

from __future__ import annotations

import json
import os
import string
import threading
from pathlib import Path

import pytest

from mlenv_jupyter.core.errors import InvalidName, NotFound
from mlenv_jupyter.kernels import kernelspecs
from mlenv_jupyter.kernels.kernelspecs import KernelNotOurs
from mlenv_jupyter.kernels.launcher import Launcher

NAME = "mlenv-churn-model-0123abcd"


@pytest.fixture
def launcher(tmp_path):
    place = tmp_path / "launcher"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").touch()
    return Launcher(place)


@pytest.fixture
def install(bare, launcher):
    def of(environment=None, **changed):
        return kernelspecs.install(
            bare.record(**changed),
            launcher=launcher,
            kernels=bare.kernels,
            environment=environment,
        )

    return of


def test_what_is_written(install, bare, launcher, jupyter_data):
    place = install()
    assert place == jupyter_data / "kernels" / NAME
    found = json.loads((place / "kernel.json").read_text())
    record = os.fspath(bare.kernels / f"{NAME}.json")
    python, script = os.fspath(launcher.python), os.fspath(launcher.script)
    assert found["argv"] == [python, "-IS", script, record, "-f", "{connection_file}"]
    assert found["display_name"] == "churn-model (v3)"
    assert found["language"] == "python"
    assert found["metadata"]["debugger"] is True
    assert found["metadata"]["mlenv"] == {
        "name": "churn-model",
        "version": "3",
        "digest": "e" * 64,
        "definition_id": "d" * 64,
        "lock_digest": "a" * 64,
    }
    assert "CHURN_ROOT" not in (place / "kernel.json").read_text()
    assert sorted(one.name for one in place.iterdir()) == sorted(
        ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]
    )
    assert sorted(one.name for one in jupyter_data.iterdir()) == ["kernels"]


def test_every_client_sees_it(install):
    from jupyter_client.kernelspec import KernelSpecManager

    install()
    assert KernelSpecManager().get_kernel_spec(NAME).display_name == "churn-model (v3)"


def test_dollars_in_values_are_literal(install):
    values = {"A": "$HOME ${HOME} $$ 5$"}
    found = json.loads((install(environment=values) / "kernel.json").read_text())
    shown = {k: string.Template(v).safe_substitute(os.environ) for k, v in found["env"].items()}
    assert shown == values


@pytest.mark.parametrize(
    ("prefix", "layer", "encrypts"),
    [("", "7.4.0", True), ("", "7.2.0", False), ("6.31.0", "7.4.0", False), ("", "10.1", True)],
)
def test_encryption_is_offered_where_ipykernel_has_it(install, prefix, layer, encrypts):
    packages = {"ipykernel": prefix} if prefix else {}
    place = install(packages=packages, layer_packages={"ipykernel": layer})
    found = json.loads((place / "kernel.json").read_text())
    assert ("supported_encryption" in found["metadata"]) is encrypts


@pytest.mark.parametrize("name", ["..", "../x", "python3", "", "mlenv-x-zzzzzzzz", "a/b", None])
def test_names_are_checked_before_anything_is_touched(install, bare, jupyter_data, name):
    jupyter_data.mkdir()
    (jupyter_data / "precious").touch()
    with pytest.raises(InvalidName):
        install(kernel_name=name)
    with pytest.raises(InvalidName):
        kernelspecs.remove(name, kernels=bare.kernels)
    assert (jupyter_data / "precious").exists()


@pytest.mark.parametrize("content", ["{}", "no json", '{"metadata": {}}', None])
def test_somebody_elses_kernel_stays(install, bare, jupyter_data, content):
    place = jupyter_data / "kernels" / NAME
    place.mkdir(parents=True)
    if content is not None:
        (place / "kernel.json").write_text(content)
    with pytest.raises(KernelNotOurs):
        install()
    with pytest.raises(KernelNotOurs):
        kernelspecs.remove(NAME, kernels=bare.kernels)
    assert kernelspecs.remove_all(bare.kernels) == []
    assert place.is_dir()
    assert not (bare.kernels / f"{NAME}.json").exists()


def test_link_to_a_kernel_of_ours_is_not_ours(install, bare, jupyter_data, tmp_path):
    place = install()
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KernelNotOurs):
        kernelspecs.remove(NAME, kernels=bare.kernels)
    assert (tmp_path / "elsewhere" / "kernel.json").exists()


def test_listed_and_removed(install, bare, jupyter_data):
    (jupyter_data / "kernels" / "python3").mkdir(parents=True)
    (jupyter_data / "kernels" / "python3" / "kernel.json").write_text('{"argv": ["x"]}')
    install()
    other = "mlenv-other-00000000"
    install(
        kernel_name=other, name="other", display_name="other (v1)", version="1", python="/nowhere"
    )
    first, second = kernelspecs.list_kernels(bare.kernels)
    assert (first.kernel_name, first.name, first.version) == (NAME, "churn-model", "3")
    assert first.display_name == "churn-model (v3)"
    assert first.path_exists
    assert not second.path_exists
    kernelspecs.remove(NAME, kernels=bare.kernels)
    assert [one.kernel_name for one in kernelspecs.list_kernels(bare.kernels)] == [other]
    assert not (bare.kernels / f"{NAME}.json").exists()
    with pytest.raises(NotFound):
        kernelspecs.remove(NAME, kernels=bare.kernels)
    (bare.kernels / "left-over.json").write_text("{}")
    assert kernelspecs.remove_all(bare.kernels) == [other]
    assert not bare.kernels.exists()
    assert (jupyter_data / "kernels" / "python3" / "kernel.json").exists()


def test_new_launcher_reaches_installed_kernels(install, bare, tmp_path):
    place = install()
    newer = Launcher(tmp_path / "newer")
    assert kernelspecs.refresh(newer, kernels=bare.kernels) == [NAME]
    assert json.loads((place / "kernel.json").read_text())["argv"][0] == str(newer.python)
    assert kernelspecs.refresh(newer, kernels=bare.kernels) == []


def test_clients_never_see_half_of_a_kernel(install, jupyter_data):
    """List kernels all the time while one is installed, changed and installed by two at once."""
    stop = threading.Event()
    broken: list[str] = []
    seen = [0]

    def watch() -> None:
        while not stop.is_set():
            for place in (jupyter_data / "kernels").glob("*"):
                try:
                    json.loads((place / "kernel.json").read_text())
                except (ValueError, FileNotFoundError) as error:
                    broken.append(f"{place.name}: {error}")
                seen[0] += 1

    watcher = threading.Thread(target=watch)
    watcher.start()
    installers = [
        threading.Thread(
            target=lambda n=n: [install(display_name=f"{n} {i}" * 500) for i in range(20)]
        )
        for n in range(2)
    ]
    for one in installers:
        one.start()
    for one in installers:
        one.join()
    stop.set()
    watcher.join()
    assert seen[0] > 10
    assert broken == []


def test_display_names():
    assert kernelspecs.display_name("a", "3") == "a (v3)"
    imported = "Autosave_2021-03-20T17:38:44Z_adda0f97"
    assert kernelspecs.display_name("a", imported) == f"a ({imported})"


def test_logos_are_pictures():
    place = Path(kernelspecs.__file__).parent / "logos"
    for size in (32, 64):
        data = (place / f"logo-{size}x{size}.png").read_bytes()
        assert data.startswith(b"\x89PNG")
        assert int.from_bytes(data[16:20], "big") == size
