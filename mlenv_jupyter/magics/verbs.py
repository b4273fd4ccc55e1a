"""The verbs of ``%mlenv``: a line is parsed, the ``mlenv`` command run, its answer shown.

IPython and the standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import os
import shlex
import sys

from . import building, cards, drift, following, packages, problems, widgets
from .command import Command, Refused, problem_of, with_json
from .completion import Completion, completes_in
from .help import HELP
from .markup import Card

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TERMINAL = ("serve", "services", "exec", "secrets", "registry", "bundle", "completion", "adopt")
"""What the command has and a cell has not: it goes on, asks, or is about this machine."""
CARDS = ("list", "show", "new", "set", "builds", "diff", "doctor", "cancel", "export")
PLAIN = (
    *("kernel", "environment", "import", "status", "verify", "gc", "lock", "notebook"),
    *("run", "runs"),
    *("label", "history", "rollback", "refresh", "archive", "restore", "describe", "tag"),
)
ONE_NAME = ("show", "export", "lock", "history", "refresh")
"""What takes one name and no other word: this kernel's where none is given."""
HERE = ("drift", "add", "remove", "save", "discard")
"""What is about the environment of this kernel, and nothing where it is none of mlenv."""
WITH_BUTTONS = ("build", "mend", "list")
OWN = ("build", "mend", "use", "log", "help", *HERE)
VALUED = (
    *("--as", "--format", "-o", "--output", "--fix", "-n", "--limit", "--cursor"),
    *("-m", "--message", "-p", "--package", "--without", "-d", "--description"),
)
"""Options whose value is a word of its own."""
FOLLOW = "--follow"


class MlenvError(Exception):
    """What was asked for did not happen; the card above the traceback's one line says why."""

    def _render_traceback_(self) -> list[str]:
        return [f"MlenvError: {self}"]


class Magic:
    """``%mlenv`` in one shell; ``record`` is the launch record of the kernel, or empty."""

    def __init__(self, shell: Any, cli: list[str], record: dict[str, Any]) -> None:
        self.shell = shell
        self.command = Command(cli, record)
        self.record = record
        self.reference = f"{record['name']}:{record['version']}" if record else ""
        self.in_kernel = getattr(shell, "kernel", None) is not None
        self.completion = Completion(self.command, (*CARDS, *PLAIN, *OWN))
        self._advised = False
        self._comm: Any = None

    def run(self, line: str, cell: str | None = None) -> None:
        """One line; a problem becomes a card and fails the cell."""
        try:
            try:
                words = shlex.split(line)
            except ValueError as error:
                raise Refused({"message": f"The line cannot be read: {error}."}) from None
            if cell is not None:
                self.register_cell(words, cell)
            else:
                self.verb(words)
        except Refused as refused:
            if not refused.problem.get("shown"):
                self.show(problems.problem(refused.problem))
            failed = MlenvError(refused.problem.get("message", "failed"))
        except following.Interrupted as interrupted:
            failed = MlenvError(str(interrupted))
        except KeyboardInterrupt:
            failed = MlenvError("Interrupted.")
        else:
            return
        raise failed

    def verb(self, words: list[str]) -> None:
        """Find out which verb it is."""
        verb, rest = (words[0], words[1:]) if words else ("", [])
        if not verb:
            self.show(cards.where(self.record))
        elif verb in ("help", "--help", "-h") or (verb in HERE and {"--help", "-h"} & set(rest)):
            print(HELP)
        elif "--help" in rest or "-h" in rest:
            print(self.command.text([verb, *rest]))
        elif verb in WITH_BUTTONS:
            self.with_buttons(verb, rest)
        elif verb == "use":
            self.use(rest)
        elif verb == "log":
            self.log(self.or_here(rest))
        elif verb == "save" and named(rest):
            self.card(verb, rest)
        elif verb in HERE:
            self.here(verb, rest)
        elif verb in CARDS:
            self.card(verb, rest)
        elif verb in PLAIN:
            rest = self.or_here(rest) if verb in ONE_NAME else rest
            print(self.command.text([verb, *rest]), end="")
        elif verb in TERMINAL:
            message = f"`mlenv {verb}` is for a terminal, not for a cell."
            raise Refused({"message": message, "remedy": f"In a terminal: `mlenv {verb} --help`"})
        else:
            message = f"There is no `%mlenv {verb}`."
            raise Refused({"message": message, "remedy": "`%mlenv help` lists what there is."})

    def card(self, verb: str, rest: list[str]) -> None:
        """A verb whose answer is shown as a card."""
        if verb in ONE_NAME:
            rest = self.or_here(rest)
        elif verb == "diff" and len(named(rest)) == 1 and self.reference:
            rest = [self.reference, *rest]
        here = False
        if verb == "set" and rest and "=" in rest[0] and self.reference:
            rest, here = [self.reference, *rest], True
        answer = self.command.answer([verb, *rest])
        if here:
            # The kernel was started with the old values; the version that it runs stays as it is.
            for one in rest[1:]:
                key, equals, value = one.partition("=")
                if equals:
                    os.environ[key] = value
        if verb == "export":
            for name, text in answer["files"].items():
                print(text if answer["text"] is not None else f"# {name}\n{text}", end="")
        else:
            self.show(cards.CARDS[verb](answer))

    def with_buttons(self, verb: str, rest: list[str]) -> None:
        """A verb with a view with buttons, where that is asked for and somebody may press them."""
        wish = widgets.Wish(rest)
        library = None
        if wish.wanted and "--detach" not in rest and widgets.is_attended(self.shell):
            library = widgets.ipywidgets()
            if library is None and (wish.said or not self._advised):
                self.show(widgets.advice(self.record))
                self._advised = True
        if verb == "list":
            wish.words = one_query(wish.words)
            if library is None:
                self.card(verb, wish.words)
                return
            from . import listwidget

            listwidget.show(self, library, wish.words)
        elif library is None:
            self.build(self.or_here(wish.words), verb)
        else:
            from . import buildwidget

            buildwidget.show(self, library, [verb, *self.or_here(wish.words)])

    def build(self, rest: list[str], verb: str = "build") -> None:
        """Build or mend, and one display that follows along."""
        if "--detach" in rest:
            self.show(cards.started(self.command.answer(["build", *rest])))
            return
        view = following.View()
        show = self.display() if self.in_kernel else print_new
        child = self.command.start(with_json([verb, *rest]))
        error = following.follow(child, view, lambda: show(view))
        if error is not None:
            raise Refused(error)

    def use(self, rest: list[str]) -> None:
        """Switch to a version."""
        self.show(self.used(rest))

    def used(self, rest: list[str]) -> Card:
        """Install the kernel, ask the front end to switch to it, and say so. Raises Refused."""
        follows = followed(rest)
        kernel = self.command.answer(["use", *[one for one in rest if one != FOLLOW]])
        same = kernel["kernel_name"] == self.record.get("kernel_name")
        if same and not follows:
            return cards.sentence(f"This notebook runs on {kernel['display_name']} already.")
        asked = self.in_kernel and self.open_comm(
            {
                "action": "use",
                "name": kernel["name"],
                "version": kernel["version"],
                "kernel_name": kernel["kernel_name"],
                **({"follows": follows} if follows else {}),
            }
        )
        return cards.use(kernel, asked)

    def here(self, verb: str, rest: list[str]) -> None:
        """A verb about this kernel's own packages."""
        if not self.record:
            message = "This kernel is not an environment of mlenv."
            remedy = "`%mlenv list` shows the environments, `%mlenv use NAME` switches to one."
            raise Refused({"message": message, "remedy": remedy})
        if verb == "drift":
            self.show(cards.drift(self.record, drift.between(self.record, sys.path)))
        elif verb == "save":
            self.save(rest)
        elif verb == "discard":
            self.discard()
        else:
            packages.change(verb, rest, attended=widgets.is_attended(self.shell))

    def save(self, rest: list[str]) -> None:
        """Register what this kernel has as the next version, build it and switch to it."""
        found = drift.between(self.record, sys.path)
        if not found:
            self.show(cards.drift(self.record, found))
            return
        local = drift.from_directories(found)
        if local:
            message = "{} came from a directory, which no version can name.".format(
                ", ".join(local)
            )
            remedy = "Install it from an index, a repository or a wheel that stays; or remove it."
            raise Refused({"message": message, "remedy": remedy})
        words = [f"--package={one}" for one in drift.wanted(found)]
        words += [f"--without={name}" for name, _ in found.removed]
        made = self.command.answer(["save", self.reference, *words, *rest])
        reference = "{}:{}".format(made["name"], made["version"])
        try:
            self.build([reference])
        except Refused:
            print(f"{reference} is registered and not built; this kernel stays as it is.")
            raise
        self.use([reference])

    def discard(self) -> None:
        """Empty this kernel's overlay, and say what a restart is needed for."""
        found = drift.between(self.record, sys.path)
        if not found:
            self.show(cards.drift(self.record, found))
            return
        packages.discard(self.record)
        self.show(cards.discarded(self.record, found))

    def log(self, rest: list[str]) -> None:
        """The log of a build as plain text."""
        code, out, err = self.command.finish(with_json(["log", *rest]))
        for line in out.splitlines():
            text = following.line_of(line)
            if text is not None:
                print(text)
        if code:
            raise Refused(problem_of(err, code))

    def register_cell(self, words: list[str], cell: str) -> None:
        """``%%mlenv NAME``: the cell is a requirements file, or a conda one."""
        if not words or words[0].startswith("-"):
            remedy = "Write %%mlenv NAME in the first line."
            raise Refused({"message": "The environment has no name.", "remedy": remedy})
        answer = self.command.answer(["import", "-", "-n", words[0], *words[1:]], cell)
        if "problems" in answer:  # of --dry-run
            print(self.command.text(["import", "-", "-n", words[0], *words[1:]], cell), end="")
            return
        self.show(cards.CARDS["new"](answer))

    def or_here(self, rest: list[str]) -> list[str]:
        """The environment of this kernel where no other is named."""
        return rest if named(rest) or not self.reference else [self.reference, *rest]

    def show(self, shown: Any) -> None:
        """A card, as HTML and as text."""
        from IPython.display import display

        show: Any = display  # IPython has no types
        show(shown.bundle(), raw=True)

    def display(self) -> Callable[[following.View], None]:
        """A function that shows a build in one place, again and again."""
        place = widgets.Place()
        return lambda view: place.put(building.build(view))

    def open_comm(self, data: dict[str, Any]) -> bool:
        """Tell the front end; whether there is one cannot be known from here."""
        try:
            try:
                from comm import create_comm
            except ImportError:  # ipykernel before 6.18
                from ipykernel.comm import Comm as create_comm  # noqa: N813
            self._comm = create_comm(target_name="mlenv", data=data)
        except (ImportError, RuntimeError):
            return False
        return True


def named(words: list[str]) -> list[str]:
    """The words that are neither options nor values of options."""
    return [
        word
        for at, word in enumerate(words)
        if not word.startswith("-") and not (at and words[at - 1] in VALUED)
    ]


def one_query(words: list[str]) -> list[str]:
    """The words of ``list`` as the one query that the command takes, after the options."""
    query = " ".join(named(words))
    options = [one for one in words if one.startswith("-")]
    return [*options, query] if query else options


def followed(words: list[str]) -> str:
    """The label in ``NAME:LABEL --follow``; '' where nothing is to be followed. Raises Refused."""
    if FOLLOW not in words:
        return ""
    names = named(words)
    label = names[0].partition(":")[2] if names else ""
    if not label or label.isdigit():
        message = "Only a label can be followed: a version never moves."
        raise Refused({"message": message, "remedy": "`%mlenv use NAME:latest --follow`"})
    return label


def register(ip: Any, *, cli: list[str], record: dict[str, Any]) -> Callable[[Any], list[str]]:
    """Give a shell ``%mlenv`` and ``%%mlenv``; what completes a line of it.

    ``cli`` is the argv of the ``mlenv`` command; ``record`` the launch record of the kernel that
    this is, empty for a kernel that mlenv did not make.
    """
    magic = Magic(ip, cli, record)

    def mlenv(line: str, cell: str | None = None) -> None:
        magic.run(line, cell)

    mlenv.__doc__ = HELP
    ip.register_magic_function(mlenv, magic_kind="line_cell", magic_name="mlenv")
    completes_in(ip, magic.completion)
    return magic.completion.complete


def print_new(view: following.View) -> None:
    """For a terminal: the lines that have come since the last time, and the end."""
    following.print_new(view, building.build)
