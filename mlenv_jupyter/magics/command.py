"""Running the ``mlenv`` command from a kernel: its argv, its environment, its answers.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import json
import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Refused(Exception):
    """The command answered with a problem, in the form that every client of mlenv reads."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("message", ""))
        self.problem = problem


class Command:
    """The ``mlenv`` command of one kernel."""

    def __init__(self, argv: list[str], record: dict[str, Any]) -> None:
        self.argv = list(argv)
        self.record = record

    def answer(self, words: list[str], text: str = "") -> Any:
        """Run it with ``--json``; what it answered. Raises Refused."""
        code, out, err = self.finish(with_json(words), text)
        # `doctor` ends with 1 where it found something, and says what.
        if code and not (out and words[0] == "doctor"):
            raise Refused(problem_of(err, code))
        return json.loads(out)

    def text(self, words: list[str], given: str = "") -> str:
        """Run it as in a terminal; what it printed. Raises Refused."""
        code, out, err = self.finish(words, given)
        if code:
            raise Refused(printed_problem(err, code))
        return out + err

    def finish(self, words: list[str], text: str = "") -> tuple[int, str, str]:
        """Run it to its end: exit code, output, errors."""
        child = self.start(words, stdin=subprocess.PIPE)
        try:
            out, err = child.communicate(text.encode())
        except BaseException:
            child.kill()
            child.wait()
            raise
        return child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def start(self, words: list[str], stdin: int = subprocess.DEVNULL) -> Any:
        """Start it, in a session of its own: the interrupt of a cell must not reach it."""
        try:
            return subprocess.Popen(
                [*self.argv, *words],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(self.record),
                start_new_session=True,
            )
        except OSError as error:
            message = f"mlenv cannot be run from this kernel: {error}."
            remedy = "Install mlenv-jupyter again, then install this kernel again."
            raise Refused({"message": message, "remedy": remedy}) from None


def with_json(words: list[str]) -> list[str]:
    """The words of a command line, asked to answer in JSON."""
    return [words[0], "--json", *words[1:]]


def printed_problem(errors: str, code: int) -> dict[str, Any]:
    """The problem in what the command wrote for people."""
    first, _, rest = errors.strip().partition("\n")
    message = first.replace("Error: ", "", 1) or f"mlenv ended with exit code {code}."
    lines = [line.strip() for line in rest.splitlines()]
    remedy = " ".join(one[8:].strip() for one in lines if one.startswith("Remedy: "))
    detail = "\n".join(one for one in lines if not one.startswith("Remedy: "))
    return {"message": message, "remedy": remedy, "detail": detail}


def problem_of(errors: str, code: int) -> dict[str, Any]:
    """The problem in what the command wrote to standard error."""
    for line in reversed(errors.splitlines()):
        try:
            problem = json.loads(line)["error"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(problem, dict):
            return problem
    message = f"mlenv ended with exit code {code} and said nothing that could be read."
    return {"message": message, "detail": errors[-2000:]}


def environment(record: dict[str, Any]) -> dict[str, str]:
    """The environment of the command: this kernel's, without what belongs to its environment."""
    made = dict(os.environ, PYTHONSAFEPATH="1", PYTHONUTF8="1")
    if not record:
        return made
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"):
        made.pop(name, None)
    for name in record.get("variables") or {}:
        if name != "PATH":
            made.pop(name, None)
    inside = tuple(record[one] for one in ("overlay", "prefix", "layer") if record.get(one))
    found = made.get("PATH", os.defpath).split(os.pathsep)
    made["PATH"] = os.pathsep.join(one for one in found if not one.startswith(inside))
    made["MLENV_HOME"], made["MLENV_STORE"] = record["home"], record["store"]
    return made
