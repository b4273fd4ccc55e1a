"""The pieces of cards: JupyterLab's variables where they are, sensible values elsewhere.

Everything that somebody wrote is escaped. Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

INK = "var(--jp-ui-font-color1,inherit)"
QUIET = "var(--jp-ui-font-color2,#757575)"
LINE = "var(--jp-border-color2,#e0e0e0)"
GREEN = "var(--jp-success-color1,#388e3c)"
RED = "var(--jp-error-color1,#d32f2f)"
BLUE = "var(--jp-brand-color1,#1976d2)"
ORANGE = "var(--jp-warn-color1,#f57c00)"
CODE = "font-family:var(--jp-code-font-family,monospace);font-size:12px"
STATES = {
    "ready": ("✓", GREEN, "Ready"),
    "not-built": ("○", QUIET, "Not built"),
    "queued": ("◷", QUIET, "Queued"),
    "building": ("◔", BLUE, "Building"),
    "resolving": ("◔", BLUE, "Resolving"),
    "installing": ("◔", BLUE, "Installing"),
    "verifying": ("◔", BLUE, "Verifying"),
    "succeeded": ("✓", GREEN, "Succeeded"),
    "failed": ("✗", RED, "Failed"),
    "cancelled": ("⊘", QUIET, "Cancelled"),
    "interrupted": ("⊘", ORANGE, "Interrupted"),
}


class Card:
    """One thing to show: text for consoles and converters, HTML for notebooks."""

    def __init__(
        self, text: str, html: str, *, bare: bool = False, live: dict[str, Any] | None = None
    ) -> None:
        self.text = text
        self.html = html if bare else box(html)
        self.live = live or {}
        """What mlenv's front end shows in its place: a MIME type, and what it says is meant."""

    def bundle(self) -> dict[str, Any]:
        """The MIME bundle."""
        return {"text/plain": self.text, "text/html": self.html, **self.live}


def tag(inner: str, style: str = "", name: str = "div") -> str:
    """One element; ``inner`` is HTML already."""
    return f'<{name} style="{style}">{inner}</{name}>' if style else f"<{name}>{inner}</{name}>"


def in_colour(inner: str, colour: str) -> str:
    """A run of text in a colour."""
    return tag(inner, f"color:{colour}", "span")


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    state: int = -1,
    live: dict[str, Any] | None = None,
) -> Card:
    """Rows below a head; the column ``state`` holds states and gets their shape and word."""
    left = "text-align:left"
    html = tag("".join(tag(escape(one), left, "th") for one in head), name="tr")
    shown = [list(head)]
    for line in rows:
        words = list(line)
        cells = [escape(cell) for cell in line]
        if state >= 0:
            words[state] = state_text(line[state])
            cells[state] = state_mark(line[state])
        html += tag("".join(tag(cell, left, "td") for cell in cells), name="tr")
        shown.append(words)
    widths = [max(len(line[i]) for line in shown) for i in range(len(head))]
    text = "\n".join(
        "  ".join(cell.ljust(widths[i]) for i, cell in enumerate(line)).rstrip() for line in shown
    )
    return Card(text, tag(html, name="table"), bare=True, live=live)


def box(inner: str) -> str:
    """The frame of a card."""
    return tag(
        inner,
        f"max-width:760px;box-sizing:border-box;border:1px solid {LINE};"
        f"border-radius:var(--jp-border-radius,2px);padding:10px 14px;color:{INK};"
        "font-family:var(--jp-ui-font-family,sans-serif);"
        "font-size:var(--jp-ui-font-size1,13px);line-height:1.5",
    )


def row(left: str, right: str) -> str:
    """Two things at the two ends of a line."""
    return tag(tag(left) + tag(right), "display:flex;justify-content:space-between")


def title(name: str, version: str) -> str:
    """An environment and its version."""
    return tag(escape(name), name="strong") + " " + in_colour(escape(version), QUIET)


def state_mark(state: str, word: str = "") -> str:
    """A state: its shape, its colour and its word."""
    glyph, colour, own = STATES.get(state, ("", INK, state))
    return in_colour(glyph, colour) + " " + escape(word or own)


def state_text(state: str) -> str:
    """The same as text."""
    glyph, _, word = STATES.get(state, ("", "", state))
    return f"{glyph} {word}".strip()


def pair(name: str, value_html: str) -> str:
    """One line of a grid."""
    return tag(escape(name), f"color:{QUIET}") + tag(value_html, "overflow-wrap:anywhere")


def grid(pairs: Iterable[str]) -> str:
    """Names and values in two columns."""
    style = "display:grid;grid-template-columns:max-content 1fr;gap:2px 20px;margin-top:6px"
    return tag("".join(pairs), style)


def fold(name: str, body: str, count: int, unit: str, *, opened: bool = False) -> str:
    """Something that is folded until somebody clicks."""
    head = tag(f"{name} " + in_colour(f"{count} {unit}", QUIET), name="summary")
    style = f"border-top:1px solid {LINE};margin-top:8px;padding-top:6px"
    return tag(head + body, style, "details").replace(
        "<details", "<details open" if opened else "<details", 1
    )


def preformatted(body: str) -> str:
    """Lines as they are; ``body`` is HTML already."""
    return tag(body, f"margin:4px 0 0;white-space:pre-wrap;{CODE};line-height:18px", "pre")


def quiet(html: str) -> str:
    """A second line."""
    return tag(html, f"color:{QUIET}")


def marked(text: str) -> str:
    """Escaped, with what stands between backquotes as code."""
    parts = escape(text).split("`")
    return "".join(tag(one, name="code") if i % 2 else one for i, one in enumerate(parts))


def columns(pairs: Iterable[tuple[str, str]]) -> str:
    """The same as ``grid``, as text; what has no value is left out."""
    shown = [one for one in pairs if one[1]]
    width = max(len(name) for name, _ in shown)
    return "\n".join(f"{name.ljust(width)} {value}" for name, value in shown)


def numbered(version: str) -> str:
    """``v3`` for a number; an imported version string as it is."""
    return "v" + version if version.isdigit() else version


def plural(count: int, word: str) -> str:
    """``1 package``, ``2 packages``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def size(amount: int | None) -> str:
    """Bytes as kB, MB or GB."""
    if amount is None:
        return ""
    if amount >= 1e9:
        return f"{amount / 1e9:.1f} GB"
    return f"{amount / 1e6:.1f} MB" if amount >= 1e5 else f"{amount / 1e3:.1f} kB"
