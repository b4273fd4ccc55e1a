"""The code of `%mlenv` as the launcher has it, and a command that answers from a script."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.kernels.launcher import assets
from mlenv_jupyter.workspace import Workspace

MODULES = {
    name.partition("/")[2]: data.decode()
    for name, data in assets().items()
    if name.startswith("magics/")
}
"""The code by the names that it has in a launcher."""

SCRIPT = """\
import json, sys
answers = json.load(open({answers!r}))
words = [word for word in sys.argv[1:] if word != "--json"]
with open({calls!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + chr(10))
for start, code, out, err in answers:
    if words[:len(start)] == start:
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
sys.exit("no answer for " + " ".join(words))
"""


class Script:
    """A command that answers as it was told, and remembers how it was called."""

    def __init__(self, place: Path) -> None:
        self._answers: list[Any] = []
        self._file, self._calls = place / "answers.json", place / "calls"
        code = SCRIPT.format(answers=str(self._file), calls=str(self._calls))
        (place / "command.py").write_text(code)
        self.argv = [sys.executable, str(place / "command.py")]

    def answer(self, words: str, out: object = "", *, code: int = 0, error: object = None) -> None:
        """What it says to a command line that begins so."""
        text = out if isinstance(out, str) else json.dumps(out)
        said = json.dumps({"error": error}) if error else ""
        self._answers.append([words.split(), code, text, said])
        self._file.write_text(json.dumps(self._answers))

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self._calls.read_text().splitlines()]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell of the test's own, without a history."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


@pytest.fixture
def by_file(tmp_path: Path) -> Callable[[], Any]:
    """Load the door by its file, from a directory that holds the modules alone."""
    import importlib.util

    place = tmp_path / "magics"
    place.mkdir()
    for name, text in MODULES.items():
        (place / name).write_text(text)

    def load() -> Any:
        spec = importlib.util.spec_from_file_location("_door", place / "kernel_magic.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def kernel_name(workspace: Workspace, wheelhouse: Callable[..., Path]) -> str:
    """The kernel of an environment `demo`; beside it there is `torn`, which cannot be built."""
    place = str(wheelhouse("mlenv-pebble"))
    for name, requirement in (("demo", "mlenv-pebble"), ("torn", "mlenv-no-such-thing")):
        definition = Definition.create(
            requirements=[requirement], find_links=[place], variables={"COLOUR": "blue"}
        )
        workspace.register(name, definition)
    assert workspace.wait(workspace.build("demo").id, 120).state == "succeeded"
    return workspace.install_kernel("demo").kernel_name
