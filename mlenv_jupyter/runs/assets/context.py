"""``from mlenv_jupyter import Run`` in a script that runs in an environment without mlenv.

A copy of this file is the package ``mlenv_jupyter`` on the path of every run. Standard library
only, Python 3.6 and later. Outside of any run the same class prints what is logged.
"""

import json
import os
import shutil
import sys
import time


class Run(object):
    """The run that this process belongs to: log values, keep files, read its name."""

    def __init__(self, directory=None, run_id=None, experiment=None):
        self._directory = directory
        self.id = run_id or "OfflineRun_%d" % os.getpid()
        self.experiment_name = experiment or ""

    @staticmethod
    def get_context(allow_offline=True, **ignored):
        """The run of this process; outside of any run one that prints, unless forbidden."""
        directory = os.environ.get("MLENV_RUN_DIRECTORY")
        if directory and os.path.isdir(directory):
            return Run(
                directory, os.environ.get("MLENV_RUN_ID"), os.environ.get("MLENV_RUN_EXPERIMENT")
            )
        if not allow_offline:
            raise RuntimeError(
                "This process belongs to no run. Submit it: mlenv run NAME -- python script.py"
            )
        return Run()

    @property
    def is_offline(self):
        """Whether this is no run."""
        return self._directory is None

    def log(self, name, value, description="", step=None):
        """Keep one value under a name; again adds to it, in the order of the calls."""
        self._log(name, _plain(value), "value")

    def log_list(self, name, value, description=""):
        """Keep several values under a name."""
        self._log(name, [_plain(one) for one in value], "list")

    def log_row(self, name, description=None, **columns):
        """Add a row to a table."""
        self._log(name, {key: _plain(one) for key, one in columns.items()}, "row")

    def log_table(self, name, value, description=""):
        """Keep a table, a list for each column."""
        columns = {key: list(one) for key, one in value.items()}
        for at in range(max([len(one) for one in columns.values()] or [0])):
            self.log_row(name, **{key: one[at] for key, one in columns.items() if at < len(one)})

    def upload_file(self, name, path_or_stream, datastore_name=None):
        """Keep a file under a name, such as ``outputs/model.pkl``."""
        if self._directory is None:
            print("Run: %s would be kept" % name)
            return
        target = self._place(name)
        if hasattr(path_or_stream, "read"):
            with open(target, "wb") as file:
                shutil.copyfileobj(path_or_stream, file)
        elif os.path.realpath(path_or_stream) != os.path.realpath(target):
            shutil.copyfile(path_or_stream, target)

    def upload_files(self, names, paths, **ignored):
        """Keep several files."""
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name, path, datastore_name=None):
        """Keep a directory under a name."""
        for place, _, files in os.walk(path):
            for one in files:
                source = os.path.join(place, one)
                self.upload_file(os.path.join(name, os.path.relpath(source, path)), source)

    def get_file_names(self):
        """The names of the files that were kept so far."""
        found = []
        top = os.path.join(self._directory, "files") if self._directory else ""
        for place, _, files in os.walk(top):
            found += [os.path.relpath(os.path.join(place, one), top) for one in files]
        return sorted(found)

    def get_metrics(self, name=None):
        """What was logged so far, by name."""
        try:
            with open(os.path.join(self._directory or "", "metrics.jsonl"), "rb") as file:
                lines = [json.loads(line.decode("utf-8")) for line in file]
        except (IOError, OSError):
            lines = []
        found = gather(lines)
        return found if name is None else {key: found[key] for key in found if key == name}

    def flush(self, timeout_seconds=300):
        """Everything is written at once: there is nothing to wait for."""

    def complete(self, **ignored):
        """Outside of any run: done. In a run its end says so."""

    def _place(self, name):
        top = os.path.join(self._directory, "files")
        target = os.path.normpath(os.path.join(top, name))
        if not target.startswith(top + os.sep):
            raise ValueError("%r is no name of a file of a run" % name)
        if not os.path.isdir(os.path.dirname(target)):
            os.makedirs(os.path.dirname(target))
        return target

    def _log(self, name, value, kind):
        if self._directory is None:
            print("Run: %s = %s" % (name, value))
            return
        record = {"name": str(name), "value": value, "kind": kind, "at": time.time()}
        data = (json.dumps(record) + "\n").encode("utf-8")
        # One write to a file that is open for appending: several processes may log.
        file = os.open(
            os.path.join(self._directory, "metrics.jsonl"),
            os.O_WRONLY | os.O_APPEND | os.O_CREAT,
            0o600,
        )
        try:
            os.write(file, data)
        finally:
            os.close(file)

    def __repr__(self):
        return "Run(Experiment: %s, Id: %s)" % (self.experiment_name, self.id)


def gather(records):
    """Metrics by name: one value, or the list of those that were logged; a row adds to columns."""
    found = {}
    for one in records:
        name, value = one["name"], one.get("value")
        if one.get("kind") == "row":
            columns = found.setdefault(name, {})
            for key in value:
                columns.setdefault(key, []).append(value[key])
        elif one.get("kind") == "list":
            found.setdefault(name, []).extend(value)
        else:
            found.setdefault(name, []).append(value)
    single = {one["name"] for one in records if one.get("kind", "value") == "value"}
    return {
        key: value[0] if key in single and len(value) == 1 else value
        for key, value in found.items()
    }


def _plain(value):
    """A value that JSON has, of a scalar of numpy or torch too."""
    if isinstance(value, float) and value != value:
        return "NaN"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "item"):
        return _plain(value.item())
    return str(value)


def _real():
    """mlenv itself, where the environment has it: then this is not in its way."""
    from importlib.machinery import PathFinder

    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = PathFinder.find_spec(__name__, [one for one in sys.path if os.path.abspath(one) != here])
    return spec if spec is not None and spec.origin else None


if __name__ == "mlenv_jupyter":
    _spec = _real()
    if _spec is not None:
        from importlib.util import module_from_spec

        sys.modules[__name__] = module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[__name__])
