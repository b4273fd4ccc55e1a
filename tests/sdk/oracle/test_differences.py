"""Where mlenv deliberately differs from azureml-core: each is true, and each is written down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mlenv_jupyter import CondaDependencies
from tests.sdk.oracle import agent
from tests.sdk.oracle.test_agreement import NAMES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "differences.md"
START = "dependencies:\n- python=3.10\n- numpy=1.19\n- pip:\n  - six\n"


class Calls(NamedTuple):
    """Calls on a conda file, the key of the answer that differs, and what it is there and here."""

    calls: list[tuple[str, list[Any]]]
    key: str
    theirs: Any
    ours: Any
    start: str = START


class Sets(NamedTuple):
    """Attributes of an Environment that are set, and which of them are refused there and here."""

    set: list[tuple[str, Any]]
    theirs: list[bool]
    ours: list[bool]


DEPENDENCIES = {
    "repeatable-options": Calls(
        [
            ("set_pip_option", ["--extra-index-url https://a.example"]),
            ("set_pip_option", ["--extra-index-url https://b.example"]),
        ],
        "options",
        ["--extra-index-url https://b.example"],
        ["--extra-index-url https://a.example", "--extra-index-url https://b.example"],
    ),
    "one-version-of-a-conda-package": Calls(
        [("add_conda_package", ["numpy=2"])],
        "conda",
        ["python=3.10", "numpy=1.19", "numpy=2"],
        ["python=3.10", "numpy=2"],
    ),
    "removing-by-name": Calls(
        [("remove_conda_package", ["numpy"])],
        "conda",
        ["python=3.10", "numpy=1.19"],
        ["python=3.10"],
    ),
    "names-of-packages": Calls(
        [("add_pip_package", ["Six==1.16"])], "pip", ["six", "Six==1.16"], ["Six==1.16"]
    ),
    "index-url": Calls(
        [("set_pip_index_url", ["https://a.example/simple"])],
        "options",
        [],
        ["--index-url https://a.example/simple"],
    ),
    "requirements-are-checked": Calls(
        [("add_pip_package", ["not a requirement"])], "refused", [False], [True]
    ),
    "files-of-one-machine": Calls([("add_pip_package", ["./x.whl"])], "refused", [False], [True]),
    "options-are-checked": Calls([("set_pip_option", ["--nonsense"])], "refused", [False], [True]),
    "passwords": Calls(
        [("set_pip_option", ["--index-url https://u:p@h.example/simple"])],
        "refused",
        [False],
        [True],
    ),
    "python-is-checked": Calls([("set_python_version", ["three"])], "refused", [False], [True]),
    "python-without-a-version": Calls(
        [("add_conda_package", ["python"])], "refused", [True], [False]
    ),
    "a-range-of-pythons": Calls(
        [("add_conda_package", ["python>=3.9,<3.12"])],
        "conda",
        ["python=3.12", "numpy=1.19"],
        ["python>=3.9,<3.12", "numpy=1.19"],
    ),
    "quotes": Calls(
        [],
        "text",
        START + "variables:\n  A: yes\n",
        START + "variables:\n  A: 'yes'\n",
        START + "variables:\n  A: 'yes'\n",
    ),
}

ENVIRONMENTS = {
    "types-are-checked": Sets(
        [
            ("python.user_managed_dependencies", "yes"),
            ("environment_variables", "x"),
            ("spark.packages", "x"),
            ("docker.arguments", "x"),
            ("docker.base_image", 4),
        ],
        [False] * 5,
        [True] * 5,
    ),
    "variables-are-text": Sets([("environment_variables", {"A": 1})], [False], [True]),
    "dockerfile-that-is-not-there": Sets([("docker.base_dockerfile", "./absent")], [False], [True]),
    "misspelt-platform": Sets([("docker.platform.oss", "Linux")], [False], [True]),
    "registry-passwords": Sets(
        [("docker.base_image_registry.password", "hunter2")], [False], [True]
    ),
    "names": Sets([("name", "a b")], [False], [True]),
    "no-section-is-none": Sets([("docker", None)], [False], [True]),
}

# These are about what both begin with, where nothing runs, or what a service decides there.
TOLD = [
    "defaults",
    "order-after-registering",
    "comments-of-removed-lines",
    "refresh",
    "versions",
    "images",
    "curated-names",
    "errors",
    "left-out",
    "script-target",
    "default-environment",
]


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_differences_are_true(oracle: Any, tmp_path: Path) -> None:
    calls = [{"start": one.start, "calls": one.calls} for one in DEPENDENCIES.values()]
    sets = [{"name": "x", "set": one.set, "save": False} for one in ENVIRONMENTS.values()]
    theirs = oracle({"dependencies": calls, "environments": sets})
    for (name, one), asked, found in zip(
        DEPENDENCIES.items(), calls, theirs["dependencies"], strict=True
    ):
        ours = agent.run_dependencies(CondaDependencies, asked, str(tmp_path))
        assert (found[one.key], ours[one.key]) == (one.theirs, one.ours), name
    for (name, two), asked, found in zip(
        ENVIRONMENTS.items(), sets, theirs["environments"], strict=True
    ):
        ours = agent.run_environment(NAMES, asked, str(tmp_path))
        assert (found["refused"], ours["refused"]) == (two.theirs, two.ours), name


def test_every_difference_is_written_down() -> None:
    written = re.findall(r"<a id=\"([a-z-]+)\"></a>", PAGE.read_text())
    assert sorted(written) == sorted([*DEPENDENCIES, *ENVIRONMENTS, *TOLD])
