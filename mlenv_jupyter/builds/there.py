"""The work of a build in a job of a cluster. ``python -m mlenv_jupyter.builds.there DIRECTORY``."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from mlenv_jupyter.builds.durable import Terminated, end_at_sigterm
from mlenv_jupyter.builds.queue import variables_of
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.builds.worker import Worker
from mlenv_jupyter.process import VARIABLE_OF_BUILDS, build_environment
from mlenv_jupyter.store.places import Places


def main(argv: list[str]) -> int:
    """Build what the directory says, as a worker does."""
    place = Path(argv[0])
    end_at_sigterm()
    try:
        files = BuildFiles(Places(place.parent.parent, place), place.name)
        spec = files.read_spec()
        database = os.environ.get("MLENV_DATABASE")
        # Of the node, as of any machine, a build sees what is on the list.
        seen = build_environment(
            os.environ,
            also=variables_of(spec),
            PYTHONUNBUFFERED="1",
            **{VARIABLE_OF_BUILDS: spec.id},
        )
        os.environ.clear()
        os.environ.update(seen, **({"MLENV_DATABASE": database} if database else {}))
        threading.Thread(target=_heed, args=(files,), daemon=True).start()
        worker = Worker(files, spec)
        os.environ.pop("MLENV_DATABASE", None)
        worker.say(f"On {os.uname().nodename}")
        return worker.run()
    except Terminated:
        return 1


def _heed(files: BuildFiles) -> None:
    """End by the file that asks for it: who asks may not reach the cluster."""
    while not files.cancel.exists():
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
