"""The sources of a job in a variable of its environment: Ray takes no directory with an image."""

from __future__ import annotations

import base64
import io
import shlex
import tarfile
from pathlib import Path

from mlenv_jupyter.core.errors import TooLarge

NAME = "MLENV_SOURCES"
LIMIT = 80 * 1024
"""Letters. Ray hands all variables on in one argument, and the kernel takes 128 kB for one."""

UNPACK = f"""
import base64, io, os, runpy, tarfile, tempfile
data = base64.b64decode(os.environ.pop("{NAME}"))
os.chdir(tempfile.mkdtemp(prefix="mlenv-sources-"))
tarfile.open(fileobj=io.BytesIO(data)).extractall()
runpy.run_path(".mlenv/enter.py", run_name="__main__")
"""


def carried(work: Path, python: str) -> tuple[str, dict[str, str]]:
    """The command that unpacks ``work`` where the job runs and enters it, and the variable.

    ``python`` is the interpreter there. Raises TooLarge.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as file:
        file.add(work, ".")
    text = base64.b64encode(packed.getvalue()).decode()
    if len(text) > LIMIT:
        raise TooLarge(
            f"The sources are {len(text) // 1024} kB when packed, and {LIMIT // 1024} kB are what "
            "a Ray cluster takes along with an image.",
            where="source_directory",
            remedy="Put data and large files into the image, or name them in .amlignore.",
        )
    return shlex.join([python, "-c", UNPACK]), {NAME: text}
