"""Private wheels: kept by content, really built in, known in the lock by their hash."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mlenv_jupyter import CondaDependencies, Definition, Environment, Workspace
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, MlenvError, NotFound, Unavailable
from mlenv_jupyter.core.sections import Wheel

Wheelhouse = Callable[..., Path]
NAME = "ours-1.0-py3-none-any.whl"


def environment(line: str, *more: str) -> Environment:
    made = Environment("mine")
    dependencies = CondaDependencies()
    for one in (line, *more):
        dependencies.add_pip_package(one)
    made.python.conda_dependencies = dependencies
    return made


def test_a_wheel_is_built_in(
    workspace: Workspace, wheelhouse: Wheelhouse, capsys: pytest.CaptureFixture[str]
) -> None:
    place = wheelhouse("ours", files={"ours/__init__.py": "MARK = 'private'\n"})
    wheelhouse("theirs", requires=("ours",))
    line = Environment.add_private_pip_wheel(workspace, place / NAME)
    made = environment(line, "theirs")
    made.python.conda_dependencies.set_pip_option(f"--find-links {place}")
    version = made.register(workspace)
    (place / NAME).unlink()

    build = made.build(workspace).wait_for_completion(show_output=True)
    assert build.status == "Succeeded", build.get_log()
    assert "Resolved 2 packages" in capsys.readouterr().out

    found = workspace.version("mine", version.version)
    sha256 = line.split("/")[3]
    assert {one.name: one.sha256 for one in found.packages or ()}["ours"] == sha256
    argv, env = workspace.exec_plan("mine", None, ["python"])
    import subprocess

    code = "import ours, theirs; print(ours.MARK)"
    said = subprocess.run([*argv, "-c", code], env=env, capture_output=True, text=True)
    assert said.stdout == "private\n", said.stderr
    lock = workspace.registry.locks.get(workspace.registry.find("mine").lock_id)
    text = msgspec.json.encode((lock.lock, lock.addresses)).decode()
    assert sha256 in text and str(workspace.places.home) not in text

    again = Environment.get(workspace, "mine")
    assert line in list(again.python.conda_dependencies.pip_packages)
    assert again.definition == version.definition


def test_the_lock_is_taken_by_another_version_of_the_same(
    workspace: Workspace, wheelhouse: Wheelhouse
) -> None:
    place = wheelhouse("ours")
    made = environment(Environment.add_private_pip_wheel(workspace, place / NAME))
    first = made.build(workspace).wait_for_completion(show_output=False)
    made.environment_variables["A"] = "1"
    second = made.build(workspace).wait_for_completion(show_output=False)
    assert (first.status, second.status) == ("Succeeded", "Succeeded")
    assert first.build.lock_digest == second.build.lock_digest


def test_another_content_under_one_name_is_refused(
    workspace: Workspace, wheelhouse: Wheelhouse
) -> None:
    path = wheelhouse("ours") / NAME
    first = Environment.add_private_pip_wheel(workspace, path)
    with pytest.raises(Conflict, match="exist_ok"):
        Environment.add_private_pip_wheel(workspace, path)
    assert Environment.add_private_pip_wheel(workspace, path, exist_ok=True) == first
    wheelhouse("ours", files={"ours/__init__.py": "CHANGED = 1\n"})
    with pytest.raises(Conflict, match="other content"):
        Environment.add_private_pip_wheel(workspace, path, exist_ok=True)
    kept = workspace.wheels.path(Wheel(name=NAME, sha256=first.split("/")[3]))
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == first.split("/")[3]


def test_what_is_no_wheel_is_refused(
    workspace: Workspace, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    path = wheelhouse("ours") / NAME
    renamed = tmp_path / "others-1.0-py3-none-any.whl"
    shutil.copy(path, renamed)
    text = tmp_path / NAME
    text.write_text("no zip")
    for wrong, error in (
        (renamed, InvalidRequest),
        (text, InvalidRequest),
        (tmp_path / "x.txt", NotFound),
        (tmp_path, NotFound),
    ):
        with pytest.raises(error):
            Environment.add_private_pip_wheel(workspace, wrong)
    assert Environment.add_private_pip_wheel(workspace, path)


@pytest.mark.parametrize("damage", ["absent", "changed"])
def test_a_wheel_that_is_not_here_or_not_the_same(
    workspace: Workspace, wheelhouse: Wheelhouse, damage: str
) -> None:
    line = Environment.add_private_pip_wheel(workspace, wheelhouse("ours") / NAME)
    made = environment(line)
    path = workspace.wheels.path(made.definition.wheels[0])
    path.unlink() if damage == "absent" else path.chmod(0o600)
    if damage == "changed":
        path.write_bytes(b"x")
    build = made.build(workspace).wait_for_completion(show_output=False)
    assert build.status == "Failed"
    assert build.build.error is not None and NAME in build.build.error.message
    with pytest.raises(MlenvError, match=NAME.replace(".", r"\.")):
        build.wait_for_completion(show_output=False, raise_on_error=True)
    with pytest.raises(Unavailable):
        workspace.resolve(made.definition)


def test_a_hash_in_a_definition_reads_no_other_file(workspace: Workspace) -> None:
    wheel = Wheel(name="ours-1.0-py3-none-any.whl", sha256="0" * 64)
    with pytest.raises(Unavailable):
        workspace.wheels.path(wheel)
    with pytest.raises(MlenvError):
        Definition.create(wheels=[Wheel(name="../ours-1.0-py3-none-any.whl", sha256="0" * 64)])
