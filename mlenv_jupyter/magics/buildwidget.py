"""A build with buttons that goes on beside its cell: stages, progress, log, Cancel, Use.

Standard library only, and what ``widgets`` gives; Python 3.8 and later.
"""

from __future__ import annotations

import threading

from . import building, following, widgets
from .cards import sentence
from .command import Refused, with_json
from .markup import Card, box
from .problems import problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .command import Command

WAIT = 0.1
"""Seconds between two looks whether the build has begun: an interrupt of the cell gets through."""


class Job:
    """A build that is followed in a thread; ``changed`` and ``ended`` are called from there.

    ``words`` are those of ``build`` or ``mend``, the verb included.
    """

    def __init__(self, command: Command, words: list[str]) -> None:
        self.view = following.View()
        self.problem: dict[str, Any] | None = None
        self.changed: Callable[[], object] = _nothing
        self.ended: Callable[[], object] = _nothing
        self.done = False
        self._meeting = threading.Lock()
        self._begun = threading.Event()
        self._child = command.start(with_json(words))
        widgets.beside(self._follow)

    def begin(self) -> None:
        """Wait until the build is there; raises Refused where there is none to be had."""
        try:
            while not self._begun.wait(WAIT):
                pass
        except KeyboardInterrupt:
            self._child.terminate()
            raise following.Interrupted("Interrupted before the build began.") from None
        if self.problem is not None and not self.view.build:
            raise Refused(self.problem)

    def attach(self, changed: Callable[[], object], ended: Callable[[], object]) -> bool:
        """Have these called from now on; False where it has ended already and they never are."""
        with self._meeting:
            self.changed, self.ended = changed, ended
            return not self.done

    def _follow(self) -> None:
        try:
            self.problem = following.follow(self._child, self.view, self._show)
        finally:
            with self._meeting:
                self.done, ended = True, self.ended
            self._begun.set()
            ended()

    def _show(self) -> None:
        self._begun.set()
        with self._meeting:
            self.changed()


class BuildWidget:
    """What is shown of a Job, and what can be pressed."""

    def __init__(self, library: Any, command: Command, job: Job) -> None:
        self._command, self._job = command, job
        self._head = library.HTML()
        self._bar = library.FloatProgress(min=0.0, max=1.0)
        self._bar.layout.width = "auto"
        self._count = library.HTML()
        self._lines = library.HTML()
        self._note = library.HTML()
        self._cancel = widgets.button(library, "Cancel build", self._press_cancel)
        self.use = library.ToggleButton(description="Use when ready")
        self._log = library.ToggleButton(description="Whole log")
        for one in (self.use, self._log):
            one.layout.width = "auto"
        self._log.observe(lambda _: self.update(), "value")
        buttons = widgets.row(library, self._cancel, self.use, self._log)
        shown = (self._head, self._bar, self._count, self._lines, buttons, self._note)
        self.box = library.VBox(shown)
        self.box.layout.max_width = "760px"
        self.update()

    def update(self) -> None:
        """Show what is known now."""
        view = self._job.view
        self._head.value = box(building.head(view) + building.steps(view))
        total = view.progress.get("total") if not view.ended else None
        self._bar.layout.display = self._count.layout.display = None if total else "none"
        if total:
            self._bar.value = building.share(view.progress)
            self._count.value = widgets.note(building.count(view.progress))
        lines = list(view.lines)
        lines = lines if self._log.value else lines[-building.SHOWN :]
        self._lines.value = building.log(view, lines, opened=True)

    def _press_cancel(self) -> None:
        self._cancel.disabled = True
        self._cancel.description = "Cancelling…"
        widgets.beside(self._do_cancel)

    def _do_cancel(self) -> None:
        try:
            self._command.answer(["cancel", str(self._job.view.build["id"])])
        except Refused as refused:
            if not self._job.done:
                self._note.value = problem(refused.problem).html
                self._cancel.disabled = False
                self._cancel.description = "Cancel build"


def show(magic: Any, library: Any, words: list[str]) -> None:
    """Begin a build and show it; the cell is done at once. Raises Refused."""
    job = Job(magic.command, words)
    job.begin()
    if job.view.ended:
        magic.show(building.build(job.view))
        if job.view.build.get("error"):
            raise Refused(dict(job.view.build["error"], shown=True))
        return
    made = BuildWidget(library, magic.command, job)
    place = widgets.Place()

    def ended() -> None:
        place.put(result(magic, job, made))
        widgets.close(made.box)

    reference = job.view.reference
    meanwhile = sentence(f"{reference} is being built.", f"`%mlenv build {reference}` shows it.")
    place.put(meanwhile, made.box)
    if not job.attach(made.update, ended):
        ended()


def result(magic: Any, job: Job, shown: BuildWidget) -> Card:
    """The card of a build that has ended; if that was asked for, the notebook is switched."""
    card = building.build(job.view)
    if not (shown.use.value and job.view.state == "succeeded"):
        return card
    return joined([card, used(magic, job.view.reference)])


def used(magic: Any, reference: str) -> Card:
    """Switch to a version: the card that says how that went."""
    try:
        card: Card = magic.used([reference])
    except Refused as refused:
        return problem(refused.problem)
    return card


def joined(cards: list[Card]) -> Card:
    """Cards as one: only the first one's live form is kept."""
    html = "".join(one.html for one in cards)
    return Card("\n".join(one.text for one in cards), html, bare=True, live=cards[0].live)


def _nothing() -> None:
    """Nobody looks yet."""
