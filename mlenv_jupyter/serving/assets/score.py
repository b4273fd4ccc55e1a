"""Serve an entry script over HTTP: ``init()`` once, ``run(data)`` for each request.

One file, as it is copied into images. It runs in the environment's own Python; starlette, uvicorn
and prometheus_client are in it or in the serving layer, last on the path. Settings come as
JSON in MLENV_SERVICE, or in a file beside this one.
"""

import asyncio
import hmac
import importlib.util
import inspect
import json
import os
import signal
import site
import socket
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor


def _settings():
    told = os.environ.pop("MLENV_SERVICE", None)
    if told is None:
        # An image of a service has them beside this file.
        beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "service.json")
        with open(beside) as file:
            told = file.read()
    return json.loads(told)


SETTINGS = _settings()
for _layer in SETTINGS.get("layers", ()):
    site.addsitedir(_layer)

import uvicorn  # noqa: E402 - after the path is set
from prometheus_client import (  # noqa: E402
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.applications import Starlette  # noqa: E402
from starlette.responses import JSONResponse, PlainTextResponse, Response  # noqa: E402
from starlette.routing import Route  # noqa: E402

REQUESTS = Counter("mlenv_requests_total", "Requests for a score.", ["status"])
SECONDS = Histogram("mlenv_request_seconds", "Seconds until a score was answered.")
WAITING = Gauge("mlenv_requests_in_flight", "Requests that wait for their score.")
KEEP = b"\x1ekeep\n"
"""The line that asks whoever reads our output to say when it is kept; the supervisor knows it."""
PATIENCE = 2.0
"""Seconds beside the limit of a score in which a late call of run() may still end."""
DRAIN = 1.0
"""Seconds in which clients with open connections are told to make new ones."""


class Lifeline(object):
    """The pipe from whoever keeps our log: a byte says what is kept, its end that we are alone."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.lock = threading.Lock()
        self.waiting = []

    def watch(self):
        """Until the other side is gone; then this process ends as well."""
        while os.read(self.descriptor, 1):
            with self.lock:
                if self.waiting:  # the entry script may have written the line, too
                    self.waiting.pop(0).set()
        os.kill(os.getpid(), signal.SIGTERM)

    def keep(self):
        """Wait until all that was written so far is in the log, or for ten seconds."""
        kept = threading.Event()
        with self.lock:
            try:
                os.write(1, KEEP)
            except OSError:  # the entry script has closed it
                return
            self.waiting.append(kept)
        kept.wait(10)


class Refused(Exception):
    """A request that gets no score: status, code, message."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Keys(object):
    """The keys of a service, as they are in their file now; without them nobody is let in."""

    def __init__(self, path):
        self.path = path
        self.seen = None
        self.keys = []

    def know(self, key):
        """Whether it is one of them."""
        try:
            found = os.stat(self.path)
            if (found.st_mtime_ns, found.st_ino) != self.seen:
                with open(self.path) as file:
                    self.keys = [one.encode() for one in json.load(file)]
                self.seen = (found.st_mtime_ns, found.st_ino)
        except (OSError, ValueError, TypeError):
            self.keys, self.seen = [], None
        return any(hmac.compare_digest(key.encode(), one) for one in self.keys)


class Entry(object):
    """The entry script: loaded once, asked many times."""

    def __init__(self, path):
        directory = os.path.dirname(os.path.abspath(path))
        sys.path.insert(0, directory)
        spec = importlib.util.spec_from_file_location("entry_script", path)
        self.module = importlib.util.module_from_spec(spec)
        sys.modules["entry_script"] = self.module
        spec.loader.exec_module(self.module)
        if not callable(getattr(self.module, "run", None)):
            raise SystemExit("%s has no function run(data)" % path)
        if callable(getattr(self.module, "init", None)):
            self.module.init()
        self.run = self.module.run
        self.raw = bool(getattr(self.run, "mlenv_rawhttp", False))
        self.schema = _schema(self.run)

    def score(self, body, request):
        """What ``run`` answers, as (status, headers, body)."""
        if self.raw:
            return _response(self.run(_request(body, request)))
        if request.method == "GET":
            raise Refused(405, "method_not_allowed", "Send the data with POST.")
        text = body.decode("utf-8", "strict")
        if self.schema is None:
            return _response(self.run(text))
        data = json.loads(text)
        if not isinstance(data, dict):
            raise Refused(400, "bad_request", "The body is no JSON object.")
        names = inspect.signature(self.run).parameters
        wrong = [one for one in data if one not in names and one != "method"]
        if wrong:
            raise Refused(400, "bad_request", "run() takes no %s." % ", ".join(wrong))
        return _response(self.run(**{key: one for key, one in data.items() if key in names}))


def _schema(run):
    """Input and output of a run() with inference-schema's decorators; None without."""
    try:
        from inference_schema import schema_util
    except ImportError:
        return None
    try:
        if not schema_util.is_schema_decorated(run):
            return None
        return {
            "input": schema_util.get_input_schema(run),
            "output": schema_util.get_output_schema(run),
        }
    except Exception:
        return None


def _request(body, request):
    # raw.py under the name that entry scripts know; not mlenv itself, which is not here.
    own = importlib.import_module("mlenv_jupyter")
    return own.AMLRequest(
        request.method,
        body,
        dict(request.headers),
        dict(request.query_params),
        request.url.path,
    )


def _response(made):
    if hasattr(made, "mlenv_response"):
        return made.mlenv_response()
    if isinstance(made, (bytes, bytearray)):
        return 200, {"content-type": "application/octet-stream"}, bytes(made)
    if isinstance(made, str):
        # As the seed system answers: a text is JSON's text.
        return 200, {"content-type": "application/json"}, json.dumps(made).encode()
    return 200, {"content-type": "application/json"}, json.dumps(made, default=_plain).encode()


def _plain(value):
    for name in ("tolist", "item"):
        if hasattr(value, name):
            return getattr(value, name)()
    raise TypeError("run() answered %s, which is not JSON" % type(value).__name__)


class Service(object):
    """The routes, and what they share."""

    def __init__(self, settings, lifeline=None):
        self.settings = settings
        self.lifeline = lifeline
        self.keys = None
        if settings.get("authenticated"):
            told = os.environ.get("MLENV_SERVICE_KEYS_FILE")
            self.keys = Keys(settings.get("keys_file") or told or "")
        self.entry = Entry(settings["entry_script"])
        self.draining = False
        self.pool = ThreadPoolExecutor(settings["concurrency"], "score")
        self.waiting = 0
        self.jobs, self.late = set(), set()
        self.broken = False

    async def score(self, request):
        """``/score``"""
        began = time.monotonic()
        try:
            if self.waiting >= self.settings["max_waiting"]:
                raise Refused(503, "busy", "Too many requests wait already.")
            self.waiting += 1
            WAITING.inc()
            try:
                status, headers, body = await self._answer(request)
            finally:
                self.waiting -= 1
                WAITING.dec()
        except Refused as refused:
            status, headers, body = _problem(refused.status, refused.code, refused.message)
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            status, headers, body = _problem(400, "bad_request", "The body is no JSON: %s" % error)
        except Exception:  # ours, not the entry script's
            traceback.print_exc()
            status, headers, body = _problem(500, "internal", "The service's log says what failed.")
        REQUESTS.labels(str(status)).inc()
        SECONDS.observe(time.monotonic() - began)
        return self._sent(Response(body, status, dict(headers)))

    async def _answer(self, request):
        self._authorize(request)
        body = await self._body(request)
        if self.broken:
            raise Refused(503, "restarting", "The service is started again.")
        job = self.pool.submit(self._run, body, request)
        self.jobs.add(job)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self.settings["timeout"])
        except asyncio.TimeoutError:
            if job.running():
                self._remember(job)
            raise Refused(504, "timeout", "run() took too long.") from None
        except asyncio.CancelledError:
            if not self.broken:
                raise
            raise Refused(503, "restarting", "The service is started again.") from None
        finally:
            self.jobs.discard(job)

    def _remember(self, job):
        """A thread cannot be ended: where none is left that answers, this process is."""
        self.late.add(job)
        loop = asyncio.get_running_loop()
        job.add_done_callback(lambda done: loop.call_soon_threadsafe(self.late.discard, done))
        loop.call_later(self.settings["timeout"] + PATIENCE, self._look, frozenset(self.late))

    def _look(self, late):
        stuck = [one for one in late if one in self.late]
        if len(stuck) >= self.settings["concurrency"] and not self.broken:
            self.broken = True
            print("No call of run() comes to an end: the service is started again", flush=True)
            for one in self.jobs:  # who waits is told; the exit code below is EX_SOFTWARE
                one.cancel()
            asyncio.get_running_loop().call_later(DRAIN, os._exit, 70)

    def _run(self, body, request):
        try:
            return self.entry.score(body, request)
        except (Refused, UnicodeDecodeError, json.JSONDecodeError):
            raise
        except BaseException as error:  # a script that calls sys.exit() ends no service
            raise Refused(500, "run_failed", self._failed(error)) from None

    def _failed(self, error):
        # The traceback is its owner's: it goes to the log, not to whoever asked; and it is there
        # before they have the answer that points to it.
        traceback.print_exception(type(error), error, error.__traceback__)
        if self.lifeline is not None:
            self.lifeline.keep()
        return "run() failed: %s. The service's log says where." % type(error).__name__

    def _authorize(self, request):
        if self.keys is None:
            return
        given = request.headers.get("authorization", "")
        word, _, key = given.partition(" ")
        if word.lower() != "bearer" or not self.keys.know(key):
            raise Refused(401, "unauthorized", "Send the header: Authorization: Bearer KEY")

    async def _body(self, request):
        limit = self.settings["max_body"]
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told[:20]) > limit:
            raise Refused(413, "too_large", "The body is larger than %d bytes." % limit)
        made = bytearray()
        async for chunk in request.stream():
            made += chunk
            if len(made) > limit:
                raise Refused(413, "too_large", "The body is larger than %d bytes." % limit)
        return bytes(made)

    async def healthy(self, request):
        """``/``: it answers."""
        return self._sent(PlainTextResponse("Healthy"))

    async def ready(self, request):
        """``/ready``: it takes requests."""
        return self._sent(
            JSONResponse(
                {"ready": not self.draining, "revision": self.settings["revision"]},
                503 if self.draining else 200,
            )
        )

    async def metrics(self, request):
        """``/metrics``, for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def swagger(self, request):
        """``/swagger.json``"""
        schema = self.entry.schema or {}
        return JSONResponse(
            {
                "swagger": "2.0",
                "info": {
                    "title": self.settings["name"],
                    "version": str(self.settings["revision"]),
                },
                "consumes": ["application/json"],
                "produces": ["application/json"],
                "paths": {
                    "/score": {
                        "post": {
                            "operationId": "RunMLService",
                            "parameters": [
                                {
                                    "in": "body",
                                    "name": "serviceInputPayload",
                                    "schema": schema.get("input") or {"type": "object"},
                                }
                            ],
                            "responses": {
                                "200": {
                                    "description": "The score.",
                                    "schema": schema.get("output") or {},
                                }
                            },
                        }
                    }
                },
            }
        )

    def _sent(self, response):
        if self.draining:
            response.headers["connection"] = "close"
        return response

    def app(self):
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.healthy),
                Route("/ready", self.ready),
                Route("/score", self.score, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
                Route("/metrics", self.metrics),
                Route("/swagger.json", self.swagger),
            ]
        )


def _problem(status, code, message):
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return status, {"content-type": "application/json"}, body


class Server(uvicorn.Server):
    """Ends without a failed request: first no more connections, then those that are open."""

    service = None

    def handle_exit(self, sig, frame):
        """Asked to end: let clients go elsewhere first."""
        if self.service is None or self.service.draining:
            super().handle_exit(sig, frame)
            return
        self.service.draining = True
        self.loop.call_soon_threadsafe(self._drain)

    def _drain(self):
        for one in getattr(self, "servers", ()):
            one.close()
        self.loop.call_later(DRAIN, setattr, self, "should_exit", True)

    async def startup(self, sockets=None):
        """Take requests, and say so."""
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        ready = SETTINGS.get("ready_fd")
        if ready is not None:
            os.write(ready, b"ready\n")
            os.close(ready)


def main():
    """Serve until told to end, or until whoever started this is gone."""
    lifeline = None
    held = SETTINGS.get("lifeline_fd")
    if "MLENV_SERVICE_LIFELINE" in os.environ:  # in a container that a supervisor watches
        held = os.environ.pop("MLENV_SERVICE_LIFELINE")
        os.dup2(1, 2)  # the engine keeps no order between the two
    if held is not None:
        lifeline = Lifeline(int(held))
        threading.Thread(target=lifeline.watch, daemon=True).start()
    service = Service(SETTINGS, lifeline)
    config = uvicorn.Config(
        service.app(),
        host=SETTINGS.get("host", "0.0.0.0"),
        port=SETTINGS.get("port", 5001),
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=30,
    )
    server = Server(config)
    server.service = service
    listening = SETTINGS.get("socket_fd")
    server.run([socket.socket(fileno=listening)] if listening is not None else None)


if __name__ == "__main__":
    main()
