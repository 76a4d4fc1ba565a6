"""A frozen report on paper: PDF/A-2b, the same bytes in every process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson

from layers.reports import words
from layers.reports.fonts import Printable
from layers.reports.render_svg import draw
from layers.reports.seal import Told

TEMPLATE = Path(__file__).with_name("report.typ")
STANDARD: Literal["a-2b"] = "a-2b"


class Press:
    """Prints with the fonts of a folder, and no others: those of the machine differ."""

    def __init__(self, folder: Path) -> None:
        import typst

        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
        )
        self._printable = Printable(folder)

    def paper(self, document: Told, outlines: Told, changed: Sequence[Told]) -> bytes:
        """Return a document as PDF."""
        import typst

        frozen_at = datetime.fromisoformat(document["frozen_at"])
        told = self._printable.texts(_data(document, outlines, changed, frozen_at))
        made: bytes = typst.compile(
            TEMPLATE.read_bytes(),
            format="pdf",
            font_paths=self._fonts,
            sys_inputs={"data": orjson.dumps(told).decode()},
            pdf_standards=STANDARD,
            timestamp=int(frozen_at.timestamp()),
        )
        return made


def _data(document: Told, outlines: Told, changed: Sequence[Told], at: datetime) -> Told:
    rows = [[one["indicator"], one["unit"], one["from"], one["to"]] for one in changed]
    rules = [
        [rule["key"], rule["version"], rule["source"], rule["legal_text"] or ""]
        for rule in document["rules"]
    ]
    return {
        "title": f"{document['title']['zh']} {document['period']}",
        "date": [at.year, at.month, at.day],
        "marks": words.marks(document),
        "facts": words.facts(document),
        "changed": _table("更正", ("指标", "单位", "原值", "现值"), rows, 2) if rows else None,
        "items": [_item(document, item, outlines) for item in document["items"]],
        "lists": [
            {"title": title, "notes": notes, "table": _table(None, heads, rows, len(heads))}
            for title, notes, heads, rows in words.listed(document)
        ],
        "basis": _table(None, ("规则", "版本", "来源", "条文"), rules, 4) if rules else None,
        "sources": words.sources(document),
    }


def _table(
    title: str | None, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: int
) -> Told:
    return {"title": title, "heads": heads, "rows": rows, "numbers": numbers}


def _item(document: Told, item: Told, outlines: Told) -> Told:
    made_of = words.parts(document, item)
    return {
        "title": item["title"]["zh"],
        "description": item["description"]["zh"] if item["description"] else None,
        "said": words.headline(item),
        "parts": _table(None, words.PART_HEADS, made_of, 2) if made_of else None,
        "notes": words.notes(document, item),
        "svg": draw(document, item, outlines) if item["map"] else None,
        "lists": [
            _table(title, words.place_heads(item), words.place_rows(places, item), 2)
            for title, places in words.lists(document, item)
        ],
    }
