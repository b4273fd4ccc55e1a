"""How many scores a second does a service answer, and how long does the slowest hundredth wait?"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import psutil

from bench import five
from bench.measure import Sample, Table, rounds
from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.core.service import Limits
from mlenv_jupyter.serving.services import Deployment
from mlenv_jupyter.serving.spec import ServiceFiles

CLIENTS = 4
SECONDS = 3.0
BODY = b'{"data": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}'
SCORE = """
import json, os, pickle
import numpy
def init():
    global model
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"), "rb") as file:
        model = pickle.load(file)
def run(data):
    return model.predict(numpy.array(json.loads(data)["data"])).tolist()
"""
BARE = """
import json
import score
score.init()
async def app(scope, receive, send):
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    made = json.dumps(score.run(body.decode())).encode()
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", str(len(made)).encode())]})
    await send({"type": "http.response.body", "body": made})
"""
TRAIN = """
import pickle, sys
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
x, y = load_iris(return_X_y=True)
with open(sys.argv[1], "wb") as file:
    pickle.dump(LogisticRegression(max_iter=500).fit(x, y), file)
"""


def run(count: int) -> list[Table]:
    """The same entry script and model behind mlenv, the seed system's server, and uvicorn alone."""
    answers: dict[str, list[float]] = {}
    scores: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}

    def measured(name: str, serve: Callable[[], contextlib.AbstractContextManager[At]]) -> Sample:
        with serve() as (port, pid):
            _load(port, 0.5)
            before = _spent(pid)
            waited = _load(port, SECONDS)
            spent.setdefault(name, []).append((_spent(pid) - before) / len(waited))
        answers.setdefault(name, []).extend(waited)
        scores.setdefault(name, []).append(len(waited) / SECONDS)
        return Sample(SECONDS, 0.0)

    contestants = {
        "mlenv": _mlenv,
        "azureml-inference-server-http": _azure,
        "uvicorn alone": _uvicorn,
    }
    rounds(
        {name: lambda n=name, s=serve: measured(n, s) for name, serve in contestants.items()},  # type: ignore[misc]
        count,
    )
    base = statistics.median(spent["mlenv"])
    rows = []
    for name in sorted(scores, key=lambda one: -statistics.median(scores[one])):
        waited, rate = sorted(answers[name]), statistics.median(scores[name])
        cost = statistics.median(spent[name])
        rows.append(
            (
                name,
                f"{rate:.0f}",
                f"{min(scores[name]):.0f} … {max(scores[name]):.0f}",
                f"{statistics.median(waited) * 1e3:.1f} ms",
                f"{waited[int(len(waited) * 0.99)] * 1e3:.1f} ms",
                f"{cost * 1e3:.2f} ms",
                f"{cost / base:.2f} ×",
            )
        )
    head = (
        *("", "scores a second", "spread", "median", "p99"),
        *("processor for one", "beside mlenv"),
    )
    note = (
        f"{CLIENTS} clients that keep their connections, on the same machine; one process, one "
        "score at a time, a logistic regression of scikit-learn. uvicorn alone has no limits, "
        "keys, metrics, time limit or thread of its own for `run()`. *Processor for one* is that "
        "of the server's processes, without the clients'."
    )
    return [Table("Scores over HTTP", head, tuple(rows), note)]


At = tuple[int, int]
"""Port, and the process that answers or that the answering ones belong to."""


def _spent(pid: int) -> float:
    """Seconds of processor of a process and those below it."""
    whole = 0.0
    one = psutil.Process(pid)
    for process in (one, *one.children(recursive=True)):
        times = process.cpu_times()
        whole += times.user + times.system
    return whole


def _load(port: int, seconds: float) -> list[float]:
    """How long each answer took, of as many clients as ask at once."""
    end = time.perf_counter() + seconds
    waited: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (began := time.perf_counter()) < end:
            connection.request("POST", "/score", BODY, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, said
            waited.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return waited


@cache
def _place() -> Path:
    """Where the entry script and the model are, made with the set's own scikit-learn."""
    made = five.workspace()
    digest = made.version("five").lock_digest
    assert digest is not None
    place = five.CACHE / "serving"
    place.mkdir(parents=True, exist_ok=True)
    (place / "score.py").write_text(SCORE)
    (place / "bare.py").write_text(BARE)
    python = made.places.prefix(digest) / "bin" / "python"
    subprocess.run([python, "-c", TRAIN, place / "model.pkl"], check=True)
    return place


@contextlib.contextmanager
def _mlenv() -> Iterator[At]:
    made = five.workspace()
    model = made.models.add("bench", _place() / "model.pkl")
    wanted = Deployment(
        environment="five",
        version=None,
        models=(model,),
        entry_script="score.py",
        source_directory=str(_place()),
        limits=Limits(concurrency=1),
    )
    made.services.deploy("bench", wanted)
    try:
        service = made.services.wait("bench", 120)
        assert service.state == "healthy", service
        supervisor = ServiceFiles(made.places, "bench").read_pid()
        assert supervisor is not None
        yield service.port, supervisor
    finally:
        made.services.delete("bench")


@cache
def _peer(name: str, *packages: str) -> Path:
    """A virtual environment with the set's scikit-learn and a server."""
    made = five.workspace()
    place = five.CACHE / f"serving-{name}"
    version = made.version("five")
    assert version.lock_digest is not None
    python = made.places.prefix(version.lock_digest) / "bin" / "python"
    same: list[str | Path] = [
        f"{one.name}=={one.version}"
        for one in version.packages or ()
        if one.name in ("scikit-learn", "numpy")
    ]
    subprocess.run([find_uv(), "venv", "-q", "--clear", "-p", python, place], check=True)
    into: list[str | Path] = [find_uv(), "pip", "install", "-q", "-p", place / "bin" / "python"]
    subprocess.run([*into, *same, *packages], check=True)
    return place / "bin"


@contextlib.contextmanager
def _azure() -> Iterator[At]:
    place = _peer("azure", "azureml-inference-server-http")
    port, health = _free(), _free()
    words = ["--entry_script", "score.py", "--port", str(port), "--health_port", str(health)]
    with _serving([place / "azmlinfsrv", *words], port, place) as pid:
        yield port, pid


@contextlib.contextmanager
def _uvicorn() -> Iterator[At]:
    place, port = _peer("uvicorn", "uvicorn"), _free()
    words = ["--app-dir", ".", "--port", str(port), "--no-access-log", "bare:app"]
    with _serving([place / "uvicorn", *words], port, place) as pid:
        yield port, pid


@contextlib.contextmanager
def _serving(argv: Sequence[str | Path], port: int, place: Path) -> Iterator[int]:
    env = {
        **os.environ,
        "AZUREML_MODEL_DIR": str(_place()),
        "PATH": f"{place}{os.pathsep}{os.environ['PATH']}",
    }
    env.pop("PYTHONPATH", None)
    with open(five.CACHE / "serving.log", "ab") as log:
        child = subprocess.Popen(argv, env=env, cwd=_place(), stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError, AssertionError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("POST", "/score", BODY)
                if connection.getresponse().status == 200:
                    break
            assert child.poll() is None, (five.CACHE / "serving.log").read_text()[-2000:]
            assert time.monotonic() < until
            time.sleep(0.1)
        yield child.pid
    finally:
        child.terminate()
        child.wait(30)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
