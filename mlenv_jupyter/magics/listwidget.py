"""A browser of the environments, with buttons: search, versions, state, details, Build and Use.

Standard library only, and what ``widgets`` gives; Python 3.8 and later.
"""

from __future__ import annotations

import threading

from . import buildwidget, cards, widgets
from .command import Refused
from .completion import numbers
from .markup import numbered, state_text
from .problems import problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FEWEST, MOST = 3, 8
"""Environments in sight at once; beyond that the list scrolls."""
BUSY = ("queued", "building")


class Browser:
    """The environments of one answer of ``list``, which is asked for again after a change."""

    def __init__(self, magic: Any, library: Any, words: list[str], answer: dict[str, Any]) -> None:
        self.magic, self.library, self.words = magic, library, words
        self.items: list[dict[str, Any]] = []
        self._asked = 0
        self._filling = False
        self._turn = threading.RLock()
        """One at a time: the list is filled anew by a build that ended, and by who types."""
        self.place = widgets.Place()
        self._search = library.Text(placeholder="Search: name or package")
        rows = max(FEWEST, min(MOST, len(answer["items"])))
        self._choice = library.Select(options=[], rows=rows)
        self._version = library.Dropdown(options=[])
        self._build = widgets.button(library, "Build", self._press_build)
        self._use = widgets.button(library, "Use", self._press_use, button_style="primary")
        close = widgets.button(library, "Close", self.close)
        self._details, self._said = library.HTML(), library.HTML()
        self._below = library.VBox()
        for one in (self._search, self._choice):
            one.layout.width = "auto"
        self._version.layout.width = "auto"
        actions = widgets.row(library, self._version, self._build, self._use, close)
        parts = (self._search, self._choice, actions, self._details, self._below, self._said)
        self.box = library.VBox(parts)
        self.box.layout.max_width = "760px"
        self._search.observe(lambda _: self._fill(), "value")
        self._choice.observe(lambda _: self._choose(), "value")
        self._version.observe(lambda _: self._look(), "value")
        self._take(answer)

    @property
    def reference(self) -> str:
        """What is chosen, as every command takes it; '' for nothing."""
        name, version = self._choice.value, self._version.value
        return f"{name}:{version}" if name and version else ""

    def close(self) -> None:
        """Leave the list as it is now, without buttons."""
        self.place.put(cards.environments({"items": self.items}))
        widgets.close(self.box)

    def _take(self, answer: dict[str, Any]) -> None:
        self.items = answer["items"]
        self._fill()

    def _fill(self) -> None:
        """The environments that match what is searched for; the chosen one stays, if it does."""
        with self._turn:
            self._put_found()

    def _put_found(self) -> None:
        words = self._search.value.lower().split()
        before = self._choice.value
        found = [one for one in self.items if all(word in _text(one) for word in words)]
        self._filling = True  # the list has no choice for a moment
        self._choice.options = [(_label(one), one["name"]) for one in found]
        kept = any(one["name"] == before for one in found)
        self._choice.value = before if kept else (found[0]["name"] if found else None)
        self._filling = False
        self._choose()

    def _choose(self) -> None:
        with self._turn:
            if not self._filling:
                self._put_versions()

    def _put_versions(self) -> None:
        one = next((one for one in self.items if one["name"] == self._choice.value), None)
        shown = [(numbered(number), number) for number in numbers(one)] if one else []
        if list(self._version.options) != shown:
            self._filling = True
            self._version.options = shown
            self._version.value = shown[0][1] if shown else None
            self._filling = False
        self._look()

    def _look(self) -> None:
        """Ask for the details of what is chosen; only the last question is answered."""
        if self._filling:
            return
        self._asked += 1
        self._build.disabled = self._use.disabled = True
        if not self.reference:
            self._details.value = widgets.note("Nothing matches.")
            return
        widgets.beside(self._show_details, self._asked, self.reference)

    def _show_details(self, asked: int, reference: str) -> None:
        try:
            answer = self.magic.command.answer(["show", reference])
        except Refused as refused:
            answer, card = None, problem(refused.problem)
        else:
            card = cards.version(answer)
        if asked != self._asked:
            return
        self._details.value = card.html
        if answer is not None:
            self._use.disabled = answer["state"] != "ready"
            self._build.disabled = answer["state"] in ("ready", *BUSY)

    def _press_use(self) -> None:
        widgets.beside(self._do_use, self.reference)

    def _do_use(self, reference: str) -> None:
        self._use.disabled = True
        self._said.value = buildwidget.used(self.magic, reference).html
        self._use.disabled = False

    def _press_build(self) -> None:
        self._build.disabled = True
        widgets.beside(self._do_build, self.reference)

    def _do_build(self, reference: str) -> None:
        try:
            job = buildwidget.Job(self.magic.command, ["build", reference])
            job.begin()
        except Refused as refused:
            self._said.value = problem(refused.problem).html
            self._build.disabled = False
            return
        shown = buildwidget.BuildWidget(self.library, self.magic.command, job)
        self._below.children = (shown.box,)

        def ended() -> None:
            self._below.children = ()
            self._said.value = buildwidget.result(self.magic, job, shown).html
            widgets.close(shown.box)
            self._again()

        if not job.attach(shown.update, ended):
            ended()
        self._again()

    def _again(self) -> None:
        """Ask for the list once more: the state of one has changed."""
        try:
            self._take(self.magic.command.answer(["list", *self.words]))
        except Refused as refused:
            self._said.value = problem(refused.problem).html


def show(magic: Any, library: Any, words: list[str]) -> None:
    """Show the browser; raises Refused where there is nothing that could be shown."""
    answer = magic.command.answer(["list", *words])
    if not answer["items"]:
        magic.show(cards.environments(answer))
        return
    browser = Browser(magic, library, words, answer)
    meanwhile = cards.environments(answer)
    meanwhile.live = {}
    browser.place.put(meanwhile, browser.box)


def _text(environment: dict[str, Any]) -> str:
    """What a search looks in."""
    latest = environment["latest"]
    parts = [environment["name"], latest.get("description") or "", *(latest.get("wanted") or ())]
    return " ".join(parts).lower()


def _label(environment: dict[str, Any]) -> str:
    latest = environment["latest"]
    curated = " (curated)" if environment["source"] == "catalogue" else ""
    parts = (numbered(latest["version"]), state_text(latest["state"]))
    return "   ".join((environment["name"] + curated, *parts))
