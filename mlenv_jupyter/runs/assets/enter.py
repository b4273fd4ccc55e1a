"""The first program of a Ray job: runs the command, and sends back what it logs and makes.

There is no directory that both sides see, so all goes through the job's own output, in lines that
``runs/ray.py`` knows. Standard library only. ``python enter.py``, beside ``run.json``.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading

MARK = "\x1emlenv "
CHUNK = 12288
LIMIT = 256 * 1024 * 1024
"""Bytes of files that are sent back; more belongs into storage that is made for it."""


def send(**fields):
    """One line for mlenv; one write, so that what others print does not break it."""
    data = (MARK + json.dumps(fields) + "\n").encode("utf-8")
    while data:
        data = data[os.write(1, data) :]


class Metrics(object):
    """Sends each line of ``metrics.jsonl`` soon after it is written."""

    def __init__(self, path):
        self.path = path
        self.at = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        """Until the command has ended."""
        while not self.over.wait(0.3):
            self.look()

    def look(self):
        """Send what is new."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.at)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.at += len(line)
                    send(metric=json.loads(line.decode("utf-8")))
        except (IOError, OSError, ValueError):
            pass

    def end(self):
        """Send the rest."""
        self.over.set()
        self.thread.join()
        self.look()


def send_files(top):
    """Send every file below a directory."""
    left = LIMIT
    for place, _, names in sorted(os.walk(top)):
        for one in sorted(names):
            path = os.path.join(place, one)
            name = os.path.relpath(path, top)
            left -= os.path.getsize(path)
            if left < 0:
                print("mlenv: %s is not sent back: more than %d MB" % (name, LIMIT >> 20))
                continue
            send(file=name)
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                for data in iter(lambda file=file: file.read(CHUNK), b""):
                    digest.update(data)
                    send(data=base64.b64encode(data).decode("ascii"))
            send(kept=name, sha256=digest.hexdigest())


def main():
    """Run the command where the sources are; its exit code."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "run.json")) as file:
        told = json.load(file)
    found = "%d.%d" % sys.version_info[:2]
    if told["python"] and found != told["python"]:
        print(
            "mlenv: the cluster's Python is %s, and %s is for Python %s. Ray installs pip packages "
            "beside its own Python: use a cluster with that one, or a version for Python %s."
            % (found, told["reference"], told["python"], found)
        )
        return 78
    directory = tempfile.mkdtemp(prefix="mlenv-run-")
    for name in ("outputs", "logs"):
        made = os.path.join(directory, "files", name)
        os.makedirs(made)
        os.symlink(made, name)
    env = dict(os.environ, **told["variables"])
    env["MLENV_RUN_DIRECTORY"] = directory
    theirs = [env["PYTHONPATH"]] if env.get("PYTHONPATH") else []
    env["PYTHONPATH"] = os.pathsep.join([*theirs, os.path.join(here, "path")])
    command = list(told["command"])
    if command[0] == "python":
        command[0] = sys.executable
    metrics = Metrics(os.path.join(directory, "metrics.jsonl"))
    try:
        code = subprocess.call(command, env=env)
    except OSError as error:
        print("mlenv: %s could not be started: %s" % (command[0], error))
        code = 127
    metrics.end()
    send_files(os.path.join(directory, "files"))
    send(code=code)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
