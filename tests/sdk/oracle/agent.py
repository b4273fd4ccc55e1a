"""Runs in the oracle's Python, where azureml-core is: cases in on stdin, what it did on stdout.

Written for Python 3.10 and the standard library beside the oracle; imports nothing of mlenv.
"""

import json
import logging
import os
import sys
import tempfile
import warnings


def run_dependencies(cls, case, scratch):
    """One conda file and a list of calls: what was refused, and what came of it."""
    path = os.path.join(scratch, "environment.yml")
    with open(path, "w") as file:
        file.write(case["start"])
    made = cls(path)
    refused = []
    for method, arguments in case["calls"]:
        try:
            getattr(made, method)(*arguments)
            refused.append(False)
        except Exception:  # noqa: BLE001 - whatever it raises, it is refused
            refused.append(True)
    return {
        "refused": refused,
        "text": made.serialize_to_string(),
        "dict": made.as_dict(),
        "channels": list(made.conda_channels),
        "conda": list(made.conda_packages),
        "pip": list(made.pip_packages),
        "options": list(made.pip_options),
    }


def run_environment(names, case, scratch):
    """One Environment: attributes set by path, then saved; its files, and what was refused."""
    place = tempfile.mkdtemp(dir=scratch)
    made = names["Environment"](case["name"])
    if "conda" in case:
        path = os.path.join(place, "environment.yml")
        with open(path, "w") as file:
            file.write(case["conda"])
        made.python.conda_dependencies = names["CondaDependencies"](path)
    refused = []
    for path, value in case["set"]:
        *way, last = path.split(".")
        try:
            target = made
            for step in way:
                target = getattr(target, step)
            setattr(target, last, build(names, value))
            refused.append(False)
        except Exception:  # noqa: BLE001 - whatever it raises, it is refused
            refused.append(True)
    files = {}
    if case.get("save", True):
        out = os.path.join(place, "out")
        made.save_to_directory(out)
        for name in os.listdir(out):
            with open(os.path.join(out, name)) as file:
                files[name] = file.read()
    return {"refused": refused, "files": files}


def build(names, value):
    """A JSON value; a mapping with the key ``new`` is an object of that class."""
    if isinstance(value, dict) and "new" in value:
        made = names[value["new"]](**value.get("with", {}))
        for name, one in value.get("set", {}).items():
            setattr(made, name, build(names, one))
        return made
    return [build(names, one) for one in value] if isinstance(value, list) else value


def load(names, files, scratch):
    """What a directory that somebody else has written is saved as again."""
    place = tempfile.mkdtemp(dir=scratch)
    for name, text in files.items():
        with open(os.path.join(place, name), "w") as file:
            file.write(text)
    return json.loads(repr(names["Environment"].load_from_directory(place)))


def main():
    """Answer everything that was asked in one object."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    from azureml.core import databricks, environment
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.container_registry import ContainerRegistry

    names = {
        **vars(databricks),
        **vars(environment),
        "CondaDependencies": CondaDependencies,
        "ContainerRegistry": ContainerRegistry,
    }
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as scratch:
        answer = {
            "dependencies": [
                run_dependencies(CondaDependencies, one, scratch) for one in asked["dependencies"]
            ],
            "environments": [run_environment(names, one, scratch) for one in asked["environments"]],
            "merged": [CondaDependencies.merge_requirements(one) for one in asked["merged"]],
            "loaded": [load(names, one, scratch) for one in asked["loaded"]],
        }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
