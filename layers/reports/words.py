"""What the pages of a frozen report say, in Chinese: numbers, changes, labels, marks."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from layers.reports.seal import Told

LEVELS = {"county": "县（市、区）", "prefecture": "设区市", "province": "省"}
AUDIENCE = {"public": "公开版", "province": "省级版"}
NONE, WITHHELD = "无数据", "不公布"
SYNTHETIC = "含合成数据"
RETROACTIVE = "追溯生成"
NO_REVIEW = "未取得审图号，地图不得公开使用"
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may hold, in whatever form."""
Item = Told
Line = Told


def xml_text(text: str) -> str:
    """Return a text without the characters that no XML may hold."""
    return _NO_XML.sub(" ", text)


def escape(text: str) -> str:
    """Return a text as HTML and SVG have it."""
    return html.escape(xml_text(text))


def shown(value: str | None, digits: int) -> str:
    """Return a number rounded for show."""
    if value is None:
        return "–"
    return format(Decimal(value), f".{digits}f")


def told(line: Line, item: Item) -> str:
    """Return the number of a unit."""
    if line["suppressed"]:
        return WITHHELD
    if line["value"] is None:
        return NONE
    ends = line.get("interval")
    between = "–".join(shown(end, item["digits"]) for end in ends) if ends else ""
    return shown(line["value"], item["digits"]) + (f"［{between}］" if between else "")


def sides(line: Line) -> str:
    """Return both sides of a number; nothing where it has none."""
    if line["numerator"] is None:
        return ""
    return "/".join(side for side in (line["numerator"], line["denominator"]) if side is not None)


def change(line: Line, item: Item) -> str:
    """Return by how much a number is another than that of the period before."""
    if line["value"] is None or line["before"] is None:
        return ""
    moved = Decimal(line["value"]) - Decimal(line["before"])
    text = shown(str(moved), item["digits"])
    return f"+{text}" if moved > 0 else text


class Place(NamedTuple):
    """A unit in a ranking."""

    rank: str
    name: str
    line: Line


def ranked(document: Told, item: Item) -> list[Place]:
    """Return the units of an item by rank, those without cases at the end."""
    names = {unit["code"]: unit["title"]["zh"] for unit in document["units"]}
    last = len(item["units"]) + 1
    ordered = sorted(item["units"], key=lambda line: (line["rank"] or last, line["unit"]))
    return [Place(str(line["rank"] or "–"), names[line["unit"]], line) for line in ordered]


def ends(places: Sequence[Place], top: int) -> tuple[Sequence[Place], Sequence[Place]]:
    """Return the first and the last units with a rank; none is at both ends."""
    having = [place for place in places if place.line["rank"]]
    first = having[:top]
    return first, having[len(first) :][-top:]


PART_HEADS = ("分项", "指标", "得分", "权重", "贡献")


def headline(item: Item) -> str:
    """Return the number of the whole province with its sides and its change."""
    total = item["total"]
    said = f"{told(total, item)} {item['unit']['zh']}".strip()
    both, moved = sides(total), change(total, item)
    return said + (f"（{both}）" if both else "") + (f" 较上期 {moved}" if moved else "")


def parts(document: Told, item: Item) -> list[list[str]]:
    """Return what an index is made of, a row each."""
    names, index = document["names"], item["total"]["index"]
    return [
        [part["name"], names[part["of"]]["zh"], shown(part["score"], 2), shown(part["weight"], 4),
         shown(part["gives"], item["digits"])]
        for part in (index["parts"] if index else ())
    ]  # fmt: skip


def notes(document: Told, item: Item) -> list[str]:
    """Return the sum of an index and the vetoes that hold; how wide intervals are."""
    names, index = document["names"], item["total"]["index"]
    if index is None:
        level = item.get("interval")
        return [f"方括号内为 {Decimal(level) * 100:.0f} % 区间"] if level else []
    return [
        f"合计 {shown(index['raw'], item['digits'])}",
        *(
            f"一票否决：{names[one['indicator']]['zh']} = {one['value']} > {one['above']}，"
            f"指数不高于 {one['cap']}"
            for one in index["vetoes"]
        ),
    ]


def lists(document: Told, item: Item) -> list[tuple[str, Sequence[Place]]]:
    """Return the lists of units that an item shows: the whole ranking, or its ends."""
    places = ranked(document, item)
    if item["ranking"]:
        return [(f"排名（{LEVELS[document['level']]}）", places)]
    if not item["top"]:
        return []
    return [
        (title, some)
        for title, some in zip(("居前", "居后"), ends(places, item["top"]), strict=True)
        if some
    ]


def place_heads(item: Item) -> tuple[str, ...]:
    """Return the heads of a list of units."""
    return ("位次", "单位", f"数值 {item['unit']['zh']}".strip(), "分子/分母", "较上期")


def place_rows(places: Sequence[Place], item: Item) -> list[list[str]]:
    """Return a list of units, a row each."""
    return [
        [place.rank, place.name, told(place.line, item), sides(place.line),
         change(place.line, item)]
        for place in places
    ]  # fmt: skip


def listed(document: Told) -> list[tuple[str, list[str], list[str], list[list[str]]]]:
    """Return title, notes, heads and rows of each list, by unit in their order."""
    names = {unit["code"]: unit["title"]["zh"] for unit in document["units"]}
    place = {code: number for number, code in enumerate(names)}
    found = []
    for one in document.get("lists", ()):
        rows = sorted(one["rows"], key=lambda row: place.get(row["unit"], len(place)))
        cells = [
            [names.get(row["unit"], row["unit"] or "–"), *map(_cell, row["values"], one["columns"])]
            for row in rows
        ]
        heads = ["单位", *(column["title"]["zh"] for column in one["columns"])]
        found.append((one["title"]["zh"], _list_notes(one), heads, cells))
    return found


def _list_notes(one: Told) -> list[str]:
    if one["late"]:
        return ["追溯生成：当时的列表未留存"]
    if not one["rows"]:
        return ["冻结时没有符合条件的记录"]
    return [f"冻结时的结果，计算于 {one['computed']}；规则 {'；'.join(one['rules'])}"]


def _cell(value: Told | str | bool | None, column: Told) -> str:
    if isinstance(value, dict):
        return str(value.get("zh") or "–")
    code = str(value)
    return "–" if value is None else str(column["values"].get(code, {"zh": code})["zh"])


def marks(document: Told) -> list[str]:
    """Return what must be said of a whole report."""
    found = [AUDIENCE[document["audience"]], f"第 {document['version']} 版"]
    if "synthetic" in document["origins"]:
        found.append(SYNTHETIC)
    if document["retroactive"]:
        found.append(RETROACTIVE)
    return found


def facts(document: Told) -> list[tuple[str, str]]:
    """Return period, times and notes of a report."""
    before = document["before"]
    found = [
        ("周期", f"{document['period']}（{document['start']} 至 {document['end']}，不含止）"),
        ("数据截止", document["cutoff"]),
        ("冻结时间", document["frozen_at"]),
        ("上期", f"{before['period']} 第 {before['version']} 版" if before else "无已冻结的上期"),
        ("审图号", document["review_number"] or NO_REVIEW),
    ]
    if document["reason"]:
        found.append(("更正原因", document["reason"]))
    if document["withheld"]:
        found.append(("未列指标", f"{document['withheld']} 项不在本版公布"))
    return found


def sources(document: Told) -> list[str]:
    """Return the sources with their attributions and licences."""
    return [
        f"{one['title']}：{one['attribution']}（{one['license']}）" for one in document["sources"]
    ]
