"""The map of an item as SVG: units by class, with legend, scale, sources and marks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from layers.reports import words
from layers.reports.seal import Told
from layers.reports.words import escape

CLASSES = 5
COLOURS = ("#fff1d0", "#fdc980", "#f6944f", "#d95b2b", "#9c2f17")
"""From the better end to the worse; lightness alone tells them apart."""
NO_CASES, WITHHELD = "#e3e3e3", "#b9c0c7"
SIDE = 300
"""Width of the column with the legend."""
TOP, BOTTOM_LINE = 70, 22
STEPS_KM = (10, 20, 50, 100, 200, 500)
FONT = "Noto Sans SC, sans-serif"


def classes(item: Told) -> tuple[list[Decimal], dict[str, int]]:
    """Return the bounds of equal classes from the least to the greatest, and that of each unit."""
    values = {
        line["unit"]: Decimal(line["value"]) for line in item["units"] if line["value"] is not None
    }
    if not values:
        return [], {}
    low, high = min(values.values()), max(values.values())
    count = CLASSES if high > low else 1
    width = (high - low) / count
    bounds = [low + width * number for number in range(count)] + [high]
    found = {
        unit: min(int((value - low) / width) if width else 0, count - 1)
        for unit, value in values.items()
    }
    return bounds, found


def draw(document: Told, item: Told, outlines: Told) -> str:
    """Return the map of an item as an SVG document."""
    bounds, found = classes(item)
    names = {unit["code"]: unit["title"]["zh"] for unit in document["units"]}
    lines = {line["unit"]: line for line in item["units"]}
    shapes = [
        _shape(outlines["paths"].get(code, ""), _fill(item, lines[code], found, bounds),
               f"{name}：{words.told(lines[code], item)}")
        for code, name in names.items()
    ]  # fmt: skip
    notes = _notes(document, outlines)
    width = outlines["width"] + SIDE
    height = TOP + max(outlines["height"], 420) + BOTTOM_LINE * (len(notes) + 1)
    title = f"{item['title']['zh']} {document['period']}"
    below = TOP + max(outlines["height"], 420) + BOTTOM_LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' font-family="{FONT}" font-size="15"><title>{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _words(16, 30, title, size=22),
        _words(16, 54, " · ".join(words.marks(document)), colour="#8a2b0f"),
        f'<g transform="translate(0 {TOP})" stroke="#6b6b6b" stroke-width="0.8">',
        *shapes,
        "</g>",
        *_legend(item, bounds, outlines["width"] + 20),
        *_scale(outlines, outlines["width"] + 20, TOP + 330),
        *(_words(16, below + BOTTOM_LINE * n, text, size=13) for n, text in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _shape(path: str, fill: str, text: str) -> str:
    if not path:
        return ""
    return (
        f'<path d="{path}" fill="{fill}" fill-rule="evenodd"><title>{escape(text)}</title></path>'
    )


def _fill(item: Told, line: words.Line, found: dict[str, int], bounds: Sequence[Decimal]) -> str:
    if line["suppressed"]:
        return WITHHELD
    if line["unit"] not in found:
        return NO_CASES
    return _colour(item, found[line["unit"]], len(bounds) - 1)


def _colour(item: Told, at: int, count: int) -> str:
    """Return the colour of a class; the darkest is the worse end, the highest where none is."""
    at = count - 1 - at if item["better"] == "higher" else at
    return COLOURS[at * (CLASSES - 1) // max(count - 1, 1)]


def _legend(item: Told, bounds: Sequence[Decimal], x: int) -> list[str]:
    unit = item["unit"]["zh"]
    found = [_words(x, TOP + 16, f"图例（{unit}）" if unit else "图例")]
    rows = [
        (
            _colour(item, at, len(bounds) - 1),
            f"{words.shown(str(low), item['digits'])} – {words.shown(str(high), item['digits'])}",
        )
        for at, (low, high) in enumerate(pairwise(bounds))
    ]
    rows += [(NO_CASES, words.NONE), (WITHHELD, words.WITHHELD)]
    for number, (fill, text) in enumerate(rows):
        y = TOP + 34 + 30 * number
        found.append(
            f'<rect x="{x}" y="{y}" width="30" height="20" fill="{fill}" stroke="#6b6b6b"/>'
        )
        found.append(_words(x + 40, y + 16, text))
    return found


def _scale(outlines: Told, x: int, y: int) -> list[str]:
    """Return a bar of round kilometres, true in the middle of the map."""
    if outlines["km"] is None:
        return []
    per_unit = Decimal(outlines["km"])
    km = max((one for one in STEPS_KM if one / per_unit <= 220), default=STEPS_KM[0])
    length = round(km / per_unit)
    return [
        f'<path d="M{x} {y - 6}V{y}H{x + length}V{y - 6}" fill="none" stroke="#222222"/>',
        _words(x, y + 20, f"{km} km（图幅中部；等距圆柱投影）", size=13),
    ]


def _notes(document: Told, outlines: Told) -> list[str]:
    number = document["review_number"]
    review = f"审图号：{number}" if number else words.NO_REVIEW
    cut = f"数据截止 {document['cutoff']}；{review}"
    return [cut, *(f"来源：{text}" for text in words.sources(document))]


def _words(x: int, y: int, text: str, *, size: int = 15, colour: str = "#222222") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
