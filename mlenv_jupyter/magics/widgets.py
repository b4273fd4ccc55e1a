"""Views with buttons for front ends that have ipywidgets and not mlenv's extension: when, and how.

ipywidgets is imported when such a view is shown, never before. Standard library only but for that,
Python 3.8 and later.
"""

from __future__ import annotations

import contextvars
import os
import threading
import time
from html import escape

from .cards import sentence
from .markup import Card, quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

OPTION = "--widget"
VARIABLE = "MLENV_WIDGETS"
"""What asks for them everywhere; ``%env`` sets it in a notebook, a version's variables for all."""
VIEW = "application/vnd.jupyter.widget-view+json"
TRUE = ("1", "true", "yes", "on")


class Wish:
    """Whether a line asks for a view with buttons, and its words without that."""

    def __init__(self, words: list[str]) -> None:
        self.words = [one for one in words if one != OPTION]
        self.said = len(self.words) < len(words)
        by_default = os.environ.get(VARIABLE, "").strip().lower() in TRUE
        self.wanted = self.said or by_default


def is_attended(shell: Any) -> bool:
    """Whether somebody may sit before this shell: nbclient and papermill say that nobody does."""
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and bool(getattr(kernel, "_allow_stdin", True))


def ipywidgets() -> Any:
    """The library; None where it is not in this environment, or does not work in it."""
    try:
        import ipywidgets as found
    except Exception:  # noqa: BLE001 - whatever it is, the cards do without
        return None
    return found


def advice(record: dict[str, Any]) -> Card:
    """How to get the library."""
    how = "`%mlenv add ipywidgets`" if record else "`%pip install ipywidgets`"
    return sentence("Buttons need ipywidgets, which is not in this environment.", how)


def beside(work: Callable[..., object], *arguments: Any) -> None:
    """Do it in a thread that speaks as this cell does, so that the kernel is free meanwhile."""
    context = contextvars.copy_context()
    call = (work, *arguments)
    threading.Thread(target=context.run, args=call, daemon=True).start()


class Place:
    """One output: what is put there takes the place of what was there before."""

    def __init__(self) -> None:
        self._id = f"mlenv-{os.getpid()}-{time.monotonic_ns()}"
        self._used = False

    def put(self, card: Card, box: Any = None) -> None:
        """Show a card, or a widget; then the card is for whoever finds it in a saved notebook."""
        from IPython.display import display

        show: Any = display  # IPython has no types
        bundle = card.bundle()
        if box is not None:
            bundle[VIEW] = view_of(box)
        show(bundle, raw=True, display_id=self._id, update=self._used)
        self._used = True


def view_of(box: Any) -> dict[str, Any]:
    """What a front end finds a widget by."""
    return {"version_major": 2, "version_minor": 0, "model_id": box.model_id}


def close(box: Any) -> None:
    """Close a widget with all that is in it."""
    for one in getattr(box, "children", ()):
        close(one)
    for name in ("layout", "style"):
        part = getattr(box, name, None)
        if part is not None:
            part.close()
    box.close()


def button(library: Any, text: str, press: Callable[[], object], **fields: Any) -> Any:
    """A button as wide as its text."""
    made = library.Button(description=text, **fields)
    made.layout.width = "auto"
    made.on_click(lambda _: press())
    return made


def row(library: Any, *parts: Any) -> Any:
    """Parts beside each other, below each other where it is narrow."""
    made = library.HBox(parts)
    made.layout.flex_flow = "row wrap"
    return made


def note(text: str) -> str:
    """A quiet line, as HTML."""
    return quiet(escape(text)) if text else ""
