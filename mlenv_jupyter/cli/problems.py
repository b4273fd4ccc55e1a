"""Every error as a card on standard error, and as an exit code."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from mlenv_jupyter.cli.output import colour
from mlenv_jupyter.core.errors import (
    Conflict,
    InvalidDefinition,
    InvalidName,
    InvalidRequest,
    MlenvError,
    NotFound,
    Problem,
    StoreDamaged,
    TooLarge,
    Unavailable,
)

OK, FAILED, USAGE, MISSING, CONFLICT, UNAVAILABLE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
EXIT_CODES: dict[type[MlenvError], int] = {
    InvalidDefinition: USAGE,
    InvalidName: USAGE,
    InvalidRequest: USAGE,
    TooLarge: USAGE,
    NotFound: MISSING,
    Conflict: CONFLICT,
    StoreDamaged: UNAVAILABLE,
    Unavailable: UNAVAILABLE,
}


def exit_code(error: MlenvError) -> int:
    """The exit code of an error, by its class; an action that failed is 1."""
    for kind in type(error).__mro__:
        if kind in EXIT_CODES:
            return EXIT_CODES[kind]
    return FAILED


def report(error: MlenvError, *, as_json: bool) -> int:
    """Write an error to standard error; its exit code."""
    problems = error.problems if isinstance(error, InvalidDefinition) else ()
    if as_json:
        body: dict[str, Any] = msgspec.to_builtins(error.problem())
        if problems:
            body["problems"] = msgspec.to_builtins(problems)
        write_json({"error": body})
    else:
        for problem in problems or (error.problem(),):
            click.echo(card(problem), err=True, color=colour(sys.stderr))
    return exit_code(error)


def report_usage(message: str, hint: str, *, as_json: bool, code: str = "usage") -> int:
    """Write what is wrong with a command line."""
    problem = Problem(code=code, message=message, remedy=hint)
    if as_json:
        write_json({"error": msgspec.to_builtins(problem)})
    else:
        click.echo(card(problem), err=True, color=colour(sys.stderr))
    return USAGE


def report_unexpected(error: Exception, *, as_json: bool) -> int:
    """One line for an error that is mlenv's own fault."""
    first = (str(error).splitlines() or [""])[0]
    message = f"mlenv failed: {type(error).__name__}: {first}"
    report_usage(
        message, "Run the same with --debug for the traceback.", as_json=as_json, code="unexpected"
    )
    return FAILED


def write_json(value: object) -> None:
    """One line of JSON on standard error."""
    click.echo(msgspec.json.encode(value).decode(), err=True)


def card(problem: Problem) -> str:
    """What, why, the lines at fault marked, the remedy; styled."""
    lines = [click.style("Error: ", fg="red", bold=True) + click.style(problem.message, bold=True)]
    lines += [f"  {line}" for line in problem.detail.splitlines()]
    if problem.where:
        lines.append(click.style(f"  at {problem.where}", dim=True))
    width = max((len(one.requirement) for one in problem.culprits), default=0)
    for one in problem.culprits:
        mark = click.style("✗", fg="red")
        lines.append(f"  {mark} {one.requirement:<{width}}  {one.note}".rstrip())
    if problem.remedy:
        lines.append(click.style("  Remedy: ", fg="green") + problem.remedy)
    for fix in problem.fixes:
        changes = [f"− {line}" for line in fix.remove] + [f"+ {line}" for line in fix.add]
        lines.append(f"  Fix: {fix.label}" + (f" ({', '.join(changes)})" if changes else ""))
    return "\n".join(lines)
