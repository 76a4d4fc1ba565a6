"""The numbers of a frozen report as a workbook: no cell of it is a formula."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from layers.reports import words
from layers.reports.seal import Told

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

LONGEST_NAME = 31
_FORBIDDEN = re.compile(r"[\\/*?:\[\]]|[\x00-\x1f]")
_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
ZIP_DAY = (1980, 1, 1, 0, 0, 0)


def workbook(document: Told, changed: Sequence[Told]) -> bytes:
    """Return a document as XLSX, the same bytes whenever it is made."""
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    assert first is not None  # noqa: S101
    first.title = "概况"
    _write(first, _summary(document, changed))
    for number, item in enumerate(document["items"], 1):
        name = _FORBIDDEN.sub(" ", f"{number} {item['title']['zh']}")[:LONGEST_NAME]
        _write(book.create_sheet(name), _units(document, item))
    for number, (title, notes, heads, rows) in enumerate(words.listed(document), 1):
        name = _FORBIDDEN.sub(" ", f"{len(document['items']) + number} {title}")[:LONGEST_NAME]
        _write(book.create_sheet(name), [*([note] for note in notes), heads, *rows])
    out = io.BytesIO()
    book.save(out)
    return _steady(out.getvalue(), datetime.fromisoformat(document["frozen_at"]))


def _summary(document: Told, changed: Sequence[Told]) -> Iterable[Sequence[object]]:
    yield [f"{document['title']['zh']} {document['period']}"]
    yield [" · ".join(words.marks(document))]
    yield from words.facts(document)
    yield []
    yield ["指标", "数值", "单位", "分子", "分母", "上期", "定义摘要"]
    for item in document["items"]:
        total = item["total"]
        yield [
            item["title"]["zh"], _number(total["value"]), item["unit"]["zh"],
            _number(total["numerator"]), _number(total["denominator"]), _number(total["before"]),
            item["digest"],
        ]  # fmt: skip
    if changed:
        yield []
        yield ["更正：指标", "单位", "原值", "现值"]
        yield from ([one["indicator"], one["unit"], one["from"], one["to"]] for one in changed)
    yield []
    yield from ([text] for text in words.sources(document))


def _units(document: Told, item: Told) -> Iterable[Sequence[object]]:
    wide = item.get("interval") is not None
    heads = ["位次", "代码", "单位", "数值", "分子", "分母", "上期", "说明"]
    yield [*heads, "区间下限", "区间上限"] if wide else heads
    for place in words.ranked(document, item):
        line = place.line
        note = words.told(line, item) if line["value"] is None else None
        yield [
            line["rank"], line["unit"], place.name, _number(line["value"]),
            _number(line["numerator"]), _number(line["denominator"]), _number(line["before"]), note,
            *map(_number, line.get("interval") or ()),
        ]  # fmt: skip


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _write(sheet: Worksheet, rows: Iterable[Sequence[object]]) -> None:
    for number, row in enumerate(rows, 1):
        for at, value in enumerate(row, 1):
            if value is None:
                continue
            cell = sheet.cell(number, at)
            if isinstance(value, str):
                cell.value = words.xml_text(value)
                cell.data_type = "s"  # a text that begins with = is no formula
            else:
                cell.value = value  # type: ignore[assignment]


def _steady(data: bytes, at: datetime) -> bytes:
    """Return a workbook whose times are those of the report."""
    told = at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as made, zipfile.ZipFile(out, "w") as steady:
        for name in sorted(made.namelist()):
            body = made.read(name)
            if name == "docProps/core.xml":
                body = _MODIFIED.sub(rb"\g<1>" + told, body)
            entry = zipfile.ZipInfo(name, ZIP_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            steady.writestr(entry, body)
    return out.getvalue()
