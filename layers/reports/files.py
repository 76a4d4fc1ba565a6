"""The files of an edition: those drawn anew from what is frozen, and those kept as bytes."""

from __future__ import annotations

from collections.abc import Sequence

from layers.reports.render_html import page
from layers.reports.render_pdf import Press
from layers.reports.render_svg import draw
from layers.reports.seal import Told, canonical

PAGE, DOCUMENT, PAPER, BOOK = "report.html", "report.json", "report.pdf", "report.xlsx"
KEPT = (PAPER, BOOK)
"""Files that are kept as bytes."""
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def drawn_names(document: Told) -> list[str]:
    """Return the names of the files that are drawn from a document."""
    return [PAGE, DOCUMENT, *(map_name(item["id"]) for item in document["items"] if item["map"])]


def map_name(item: str) -> str:
    """Return the name of the map of an item."""
    return f"map-{item}.svg"


def draw_file(name: str, document: Told, outlines: Told, changed: Sequence[Told]) -> bytes:
    """Return a file drawn from what is frozen, the same bytes each time.

    Raises
    ------
    KeyError
        The document has no such file.
    """
    if name == DOCUMENT:
        return canonical(document)
    if name == PAGE:
        return page(document, outlines, changed).encode()
    for item in document["items"]:
        if item["map"] and map_name(item["id"]) == name:
            return draw(document, item, outlines).encode()
    raise KeyError(name)


def make_kept(
    document: Told, outlines: Told, changed: Sequence[Told], press: Press
) -> dict[str, bytes]:
    """Return the files that are kept as bytes."""
    from layers.reports.render_xlsx import workbook

    return {
        PAPER: press.paper(document, outlines, changed),
        BOOK: workbook(document, changed),
    }


def media_type(name: str) -> str:
    """Return the media type of a file by the end of its name."""
    return MEDIA_TYPES[name[name.rindex(".") :]]
