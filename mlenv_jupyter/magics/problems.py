"""An error as a card: what, why, the lines at fault marked, the remedy.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import re
from html import escape

from .markup import CODE, QUIET, RED, Card, in_colour, marked, quiet, tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def problem(found: dict[str, Any]) -> Card:
    """The card of an error, which may have several places."""
    several = found.get("problems") or [found]
    html = "".join(problem_html(one) for one in several)
    return Card("\n".join(problem_text(one) for one in several), html)


def problem_html(one: dict[str, Any], reference: str = "") -> str:
    """One problem as HTML; with the ``NAME:VERSION`` that has it, what to type for each fix."""
    made = tag(in_colour("✗", RED) + " " + tag(escape(one.get("message", "")), name="strong"))
    if one.get("detail"):
        made += tag(escape(one["detail"]), f"white-space:pre-wrap;color:{QUIET}")
    if one.get("where"):
        made += quiet("at " + tag(escape(one["where"]), name="code"))
    for line in one.get("culprits") or ():
        note = in_colour(escape(line.get("note") or ""), QUIET)
        shown = escape(line["requirement"]) + " " + note
        made += tag(shown, f"border-left:2px solid {RED};padding-left:8px;{CODE}")
    if one.get("remedy"):
        made += tag(marked(in_cell(one["remedy"])))
    for fix, how in _fixes(one, reference):
        made += tag(escape(fix) + (": " + marked(f"`{how}`") if how else ""))
    return made


def problem_text(one: dict[str, Any], reference: str = "") -> str:
    """The same as text."""
    lines = ["✗ " + one.get("message", "")]
    lines += ["  " + line for line in (one.get("detail") or "").splitlines()]
    if one.get("where"):
        lines.append("  at " + one["where"])
    for line in one.get("culprits") or ():
        lines.append(f"  ▸ {line['requirement']}  {line.get('note') or ''}")
    if one.get("remedy"):
        lines.append("  " + in_cell(one["remedy"]).replace("`", ""))
    for fix, how in _fixes(one, reference):
        lines.append("  " + fix + (": " + how if how else ""))
    return "\n".join(line.rstrip() for line in lines)


def in_cell(text: str) -> str:
    """A remedy as it is typed in a cell."""
    return re.sub(r"(^|`|: )mlenv (?=[a-z])", r"\1%mlenv ", text)


def _fixes(one: dict[str, Any], reference: str) -> list[tuple[str, str]]:
    """Each fix, and the line that applies it."""
    made = []
    for number, fix in enumerate(one.get("fixes") or (), 1):
        which = f" --fix {number}" if number > 1 else ""
        made.append((_fix(fix), f"%mlenv mend {reference}{which}" if reference else ""))
    return made


def _fix(fix: dict[str, Any]) -> str:
    changes = ["− " + line for line in fix.get("remove") or ()]
    changes += ["+ " + line for line in fix.get("add") or ()]
    return f"Fix: {fix['label']}" + (f" ({', '.join(changes)})" if changes else "")
