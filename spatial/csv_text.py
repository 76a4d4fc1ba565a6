"""Texts in tables that spreadsheets open."""

from __future__ import annotations

_RUN = frozenset("=+-@\t\r")


def plain_text(text: str) -> str:
    """Return a text as a cell of CSV: one that a spreadsheet would run as a formula is made plain.

    A number stays as it is: its sign runs nothing.
    """
    return f"'{text}" if text[:1] in _RUN and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
