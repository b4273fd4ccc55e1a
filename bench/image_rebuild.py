"""How long until an image has one more package, beside the Dockerfile that a person would write?"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import five
from bench.measure import Table, compare, rounds
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.sections import DockerSection

BASE = "mlenv/test-base:1"
MORE = ("attrs", "toolz", "six", "click", "certifi", "idna", "zipp", "filelock", "urllib3", "rich")
PLAIN = """FROM {base}
COPY certificates.crt /certificates.crt
RUN python3 -m venv /env
COPY requirements.txt .
RUN PIP_CERT=/certificates.crt /env/bin/pip install -q -r requirements.txt
"""


def run(count: int) -> list[Table]:
    """The set in an image first, then each time with one package that it did not have."""
    from mlenv_jupyter.engine.connect import connect, find_buildkit

    try:
        connect().close()
    except MlenvError as error:
        print(f"Images are left out: {error}")
        return []
    workspace = five.workspace()
    build = find_buildkit(os.environ)
    places = {"mlenv": 0, "plain Dockerfile": 0}
    had: dict[str, list[str]] = {name: list(five.REQUIREMENTS) for name in places}

    def by_mlenv() -> float:
        definition = Definition.create(
            requirements=had["mlenv"], docker=DockerSection(base_image=BASE)
        )
        version, _ = workspace.register("five-image", definition)
        began = time.perf_counter()
        made = workspace.wait(workspace.build("five-image", version.version, force=True).id)
        if made.state != "succeeded":
            raise SystemExit(f"The image cannot be built here: {made.error}")
        return time.perf_counter() - began

    def by_hand() -> float:
        with TemporaryDirectory() as scratch:
            place = Path(scratch)
            (place / "Dockerfile").write_text(PLAIN.format(base=BASE))
            (place / "requirements.txt").write_text("\n".join(had["plain Dockerfile"]) + "\n")
            certificates = os.environ.get("SSL_CERT_FILE")
            if certificates:
                shutil.copy(certificates, place / "certificates.crt")
            else:
                (place / "certificates.crt").write_text("")
            command = [*(build or ["docker", "build"]), "-q", "-t", "mlenv-bench-plain", "."]
            began = time.perf_counter()
            subprocess.run(
                command,
                cwd=place,
                check=True,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "DOCKER_BUILDKIT": "1" if build else "0"},
            )
            return time.perf_counter() - began

    by_mlenv(), by_hand()

    def more(name: str, make: Callable[[], float]) -> Callable[[], float]:
        def once() -> float:
            had[name] = [*had[name], MORE[places[name] % len(MORE)]]
            places[name] += 1
            return make()

        return once

    found = rounds(
        {"mlenv": more("mlenv", by_mlenv), "plain Dockerfile": more("plain Dockerfile", by_hand)},
        min(count, len(MORE)),
    )
    return [
        compare(
            "One more pip package in an image of the set",
            found,
            "mlenv",
            "mlenv's includes its kernel, bytecode, resolving anew and comparing every package.",
        )
    ]
