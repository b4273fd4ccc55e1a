"""Fuzzing led by coverage: ``make fuzz-coverage ARGS="-runs=100000"`` (libFuzzer's options).

A reader may refuse anything with an MlenvError, and take a second of processor time at most; every
other end is a finding, and the text that led to it is written beside as ``crash-…``.
"""

from __future__ import annotations

import sys
import time

import atheris

with atheris.instrument_imports(include=["mlenv_jupyter.formats", "mlenv_jupyter.core"]):
    from mlenv_jupyter.core.errors import MlenvError
    from mlenv_jupyter.formats import FORMATS, read_text

NAMES = [one.name for one in FORMATS]


def read_one(data: bytes) -> None:
    """The first byte says the format, the rest is the file."""
    provider = atheris.FuzzedDataProvider(data)
    form = NAMES[provider.ConsumeIntInRange(0, len(NAMES) - 1)]
    text = provider.ConsumeUnicodeNoSurrogates(4096)
    began = time.process_time()
    try:
        read_text("x", text, {"x": text}.get, form=form)
    except MlenvError:
        pass
    spent = time.process_time() - began
    if spent > 1:
        raise RuntimeError(f"{form} took {spent:.1f} s")


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()
