"""``from mlenv_jupyter import rawhttp, AMLRequest, AMLResponse, Model`` in an entry script.

A copy of this file is the package ``mlenv_jupyter`` on a service's path. Standard library only.
"""

import json
import os


def rawhttp(run):
    """``run`` gets the whole request and may answer with an AMLResponse."""
    run.mlenv_rawhttp = True
    return run


class AMLRequest(object):
    """A request as it came."""

    def __init__(self, method, data, headers, args, path):
        self.method, self.headers, self.args, self.path = method, headers, args, path
        self.data = data

    def get_data(self, as_text=False):
        """The body."""
        return self.data.decode("utf-8") if as_text else self.data

    def get_json(self):
        """The body, decoded."""
        return json.loads(self.data.decode("utf-8"))

    @property
    def json(self):
        """The body, decoded."""
        return self.get_json()


class AMLResponse(object):
    """An answer with its status."""

    def __init__(self, message, status_code, json_str=False):
        self.message, self.status_code, self.json_str = message, status_code, json_str
        self.headers = {}

    def mlenv_response(self):
        """What is sent: status, headers, body."""
        if self.json_str:
            body, kind = json.dumps(self.message).encode("utf-8"), "application/json"
        elif isinstance(self.message, bytes):
            body, kind = self.message, "application/octet-stream"
        elif isinstance(self.message, str):
            body, kind = self.message.encode("utf-8"), "text/plain; charset=utf-8"
        else:
            body, kind = json.dumps(self.message).encode("utf-8"), "application/json"
        names = {one.lower() for one in self.headers}
        extra = {} if "content-type" in names else {"content-type": kind}
        return self.status_code, dict(extra, **self.headers), body


class Model(object):
    """Where the service's models are."""

    @staticmethod
    def get_model_path(model_name, version=None, _workspace=None):
        """The path of a model's file or directory."""
        top = os.path.join(os.environ["MLENV_MODEL_ROOT"], model_name)
        there = sorted(os.listdir(top), key=int) if os.path.isdir(top) else []
        if not there or (version is not None and str(version) not in there):
            raise FileNotFoundError("This service has no model %r" % model_name)
        place = os.path.join(top, str(version or there[-1]))
        inside = os.listdir(place)
        return os.path.join(place, inside[0]) if len(inside) == 1 else place
