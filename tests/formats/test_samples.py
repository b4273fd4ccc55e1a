"""Real files, where a collection of them is beside the checkout: all imported, or refused so."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.identity import digest
from mlenv_jupyter.files import read_path
from mlenv_jupyter.formats import Subject, read_text, write_files
from mlenv_jupyter.formats.carried import CARRIES, left_out

HERE = Path(__file__).resolve()
SAMPLES = HERE.parents[3] / "shared" / "samples"


def _script() -> object:
    spec = importlib.util.spec_from_file_location("samples", HERE.parents[1] / "samples.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="there is no ../shared/samples")
@pytest.mark.parametrize("form", CARRIES)
def test_every_sample_is_the_same_in_each_format_that_carries_it(form: str) -> None:
    changed, same = [], 0
    for path in _script().samples(SAMPLES):  # type: ignore[attr-defined]
        try:
            definition = read_path(path).definition
        except MlenvError:
            continue
        if left_out(form, definition):
            continue
        files = write_files(form, Subject(definition, "x"))
        name = next((one for one in files if one == "azureml_environment.json"), next(iter(files)))
        again = read_text(name, files[name], files.get).definition
        same += digest(again) == digest(definition)
        if digest(again) != digest(definition):
            changed.append(path.name)
    assert changed == []
    assert same > 30


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="there is no ../shared/samples")
def test_every_sample_is_read_without_change_or_refused_with_its_line() -> None:
    script = _script()
    outcomes = [script.outcome(one) for one in script.samples(SAMPLES)]  # type: ignore[attr-defined]
    assert len(outcomes) > 100
    assert [one.path.name for one in outcomes if one.word == "changed"] == []
    for one in outcomes:
        # Templates are refused, and what names a file that was not taken along is said.
        if one.word == "refused":
            assert "part of a template" in one.said[0], one
        elif one.word == "partly":
            assert any("not there" in it or "cannot be read from here" in it for it in one.said), (
                one
            )
