"""Does one thing to a workspace in a process of its own, which may die of it.

Reads one JSON object a line; each is done in a fork, so that nothing is imported twice. Answers
with how the fork ended and what it said before that.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

import mlenv_jupyter.builds.collect
import mlenv_jupyter.builds.queue
import mlenv_jupyter.builds.worker
import mlenv_jupyter.kernels.describe
import mlenv_jupyter.kernels.kernelspecs  # noqa: F401
from mlenv_jupyter import failpoints
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import MlenvError, of_disk
from mlenv_jupyter.workspace import Workspace


def act(case: dict[str, Any]) -> object:
    """Do it; what is acknowledged."""
    workspace = Workspace.from_config()
    name = case["name"]
    match case["op"]:
        case "register":
            definition = Definition.create(requirements=[case["thing"]], index_url=case["index"])
            return workspace.register(name, definition)[0].version
        case "build" | "rebuild" | "conda" | "image":
            cache = not case.get("fresh")
            asked = workspace.build(name, force=case["op"] == "rebuild", cache=cache)
            build = workspace.wait(asked.id, 60)
            return [build.state, build.error.code if build.error else None]
        case "install":
            return workspace.install_kernel(name).kernel_name
        case "remove":
            return workspace.remove_kernel(case["kernel"])
        case "delete":
            return workspace.delete(name)
        case "collect":
            return len(workspace.collection.collect())
    raise ValueError(case["op"])


def answer(case: dict[str, Any]) -> dict[str, object]:
    """Do it under its fault; what was said, or the error."""
    if case.get("largest"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (case["largest"], case["largest"]))
    os.environ.update(case.get("env", {}))
    failpoints.arm(case["armed"])
    try:
        return {"said": act(case)}
    except MlenvError as error:
        return {"error": error.problem().code}
    except OSError as error:
        # As the server and the command say it.
        refused = of_disk(error)
        if refused is None:
            raise
        return {"error": refused.problem().code}


def main() -> None:
    """One fork a line."""
    for line in sys.stdin:
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(into, json.dumps(answer(json.loads(line))).encode())
            os._exit(0)
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        found = json.loads(told) if told else {}
        print(json.dumps({**found, "signal": os.WTERMSIG(status)}), flush=True)


if __name__ == "__main__":
    main()
