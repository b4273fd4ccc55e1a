"""The ``mlenv`` command: its verbs, and how each of them ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from mlenv_jupyter._version import __version__
from mlenv_jupyter.cli import (
    adopt,
    builds,
    bundle,
    catalogue,
    collect,
    completion,
    directories,
    environments,
    exchange,
    images,
    kernels,
    lifecycle,
    notebooks,
    registry,
    runs,
    secrets,
    services,
    system,
)
from mlenv_jupyter.cli.problems import (
    INTERRUPTED,
    OK,
    report,
    report_unexpected,
    report_usage,
)
from mlenv_jupyter.cli.session import Session, common
from mlenv_jupyter.core.errors import MlenvError, of_disk

EPILOG = """\b
Exit codes:
  0    done
  1    the action failed (a build that failed, a check that did not pass)
  2    wrong usage or wrong input
  3    not found
  4    conflict: it exists already, is read-only, not built or in use
  5    unavailable now: network, disk, interpreter, store
  130  interrupted
`mlenv exec` ends with the exit code of its command.

\b
Files: MLENV_HOME (registry, logs) and MLENV_STORE (what is built).
"""


class InOrder(click.Group):
    """A group that lists its verbs in the order of work, not of the alphabet."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mlenv", message="%(prog)s %(version)s")
@common
def mlenv() -> None:
    """Reproducible environments: define, build, use as a kernel or in a shell."""


# One a line, in the order of work.
for verbs in (
    environments,
    builds,
    kernels,
    runs,
    services,
    lifecycle,
    images,
    exchange,
    bundle,
    adopt,
    notebooks,
    catalogue,
    directories,
    secrets,
    registry,
    collect,
    system,
    completion,
):
    for command in verbs.COMMANDS:
        mlenv.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code. Nothing is raised unless ``--debug`` is there."""
    session = Session.of(arguments)
    try:
        answer = mlenv.main(list(arguments), prog_name="mlenv", obj=session, standalone_mode=False)
        sys.stdout.flush()
        return answer if isinstance(answer, int) else OK
    except MlenvError as error:
        if session.debug:
            raise
        return report(error, as_json=session.json)
    except click.UsageError as error:
        help_of = error.ctx.command_path if error.ctx else "mlenv"
        return report_usage(
            error.format_message(), f"`{help_of} --help` shows how.", as_json=session.json
        )
    except click.ClickException as error:
        return report_usage(error.format_message(), "", as_json=session.json)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except Exception as error:
        # The last line before the user: no traceback unless it is asked for.
        if session.debug:
            raise
        refused = of_disk(error) if isinstance(error, OSError) else None
        if refused is not None:
            return report(refused, as_json=session.json)
        return report_unexpected(error, as_json=session.json)
    finally:
        session.close()
