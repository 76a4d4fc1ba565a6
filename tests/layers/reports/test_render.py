"""Files of a report: no text is markup or a formula, and every character that is can be printed."""

from __future__ import annotations

import copy
import io
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import orjson
import pytest
from openpyxl import load_workbook

from layers.reports.files import draw_file, drawn_names, make_kept
from layers.reports.fonts import unpacked_fonts
from layers.reports.outlines import project
from layers.reports.render_pdf import Press
from layers.reports.words import ends, ranked
from tests.harness import HOME_VARIABLE

EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>&#x3c; $x$ #read("/etc/passwd") \x01 *b* 𠮷Σ'
TEXT = {"zh": EVIL, "en": EVIL}
SQUARE = orjson.dumps(
    {"type": "Polygon", "coordinates": [[[120, 29], [121, 29], [121, 30], [120, 30], [120, 29]]]}
).decode()
OUTLINES = project({"330203": SQUARE, "330206": SQUARE.replace("12", "13")})


def line(unit, value, rank, **more):
    found = {
        "unit": unit, "value": value, "numerator": value, "denominator": None, "suppressed": False,
        "rank": rank, "before": None, "index": None,
    }  # fmt: skip
    return found | more


INDEX = {
    "raw": "87.45",
    "parts": [{"name": EVIL, "of": "n", "score": "82", "weight": "0.35", "gives": "28.7"}],
    "vetoes": [{"indicator": "n", "above": "0", "cap": "60", "value": "1"}],
}
ITEM = {
    "id": "n", "kind": "indicator", "title": TEXT, "description": TEXT, "unit": TEXT, "digits": 1,
    "better": "higher", "digest": "d", "rule": None, "parts": None, "map": True, "ranking": True,
    "top": None, "origins": ["synthetic"], "no_unit": None,
    "total": line("330000", "60", None, index=INDEX, before="31.65"),
    "units": [line("330203", "1e2", 1), line("330206", None, None, suppressed=True)],
}  # fmt: skip
DOCUMENT = {
    "form": 1, "report": "r", "title": TEXT, "description": None, "audience": "province",
    "period": "2026-W53", "kind": "week", "start": "2026-12-28T00:00:00+08:00",
    "end": "2027-01-04T00:00:00+08:00", "version": 2, "cutoff": "2027-01-04T08:00:00+08:00",
    "frozen_at": "2027-01-04T08:00:00+08:00", "retroactive": True, "reason": EVIL,
    "level": "county",
    "unit": {"code": "330000", "level": "province", "title": TEXT},
    "units": [{"code": code, "level": "county", "title": TEXT} for code in ("330203", "330206")],
    "withheld": 1, "origins": ["synthetic"], "items": [ITEM], "names": {"n": TEXT},
    "rules": [
        {"key": "a.b", "version": EVIL, "origin": "real", "source": EVIL, "legal_text": EVIL},
    ],
    "sources": [{"id": "s", "title": EVIL, "license": EVIL, "attribution": EVIL}],
    "lists": [{
        "layer": "l", "title": TEXT, "late": False, "computed": EVIL, "rules": [EVIL],
        "origins": ["synthetic"], "sources": ["s"],
        "columns": [
            {"name": "name", "title": TEXT, "number": False, "values": {}},
            {"name": "state", "title": TEXT, "number": False, "values": {"hot": TEXT}},
        ],
        "rows": [
            {"unit": "330203", "values": [TEXT, "hot"]}, {"unit": None, "values": [EVIL, None]},
        ],
    }],
    "outlines": "", "review_number": EVIL, "before": {"period": "2026-W52", "version": 1},
}  # fmt: skip
CHANGED = [{"indicator": EVIL, "unit": EVIL, "from": EVIL, "to": EVIL}]


@pytest.fixture(scope="module")
def press():
    return Press(unpacked_fonts(Path(os.environ[HOME_VARIABLE])))


@pytest.fixture(scope="module")
def kept(press):
    return make_kept(DOCUMENT, OUTLINES, CHANGED, press)


def test_no_text_is_markup():
    for name in drawn_names(DOCUMENT):
        text = draw_file(name, DOCUMENT, OUTLINES, CHANGED).decode()
        if name.endswith(".json"):
            continue
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        for mark in ("含合成数据", "追溯生成"):
            assert mark in text
    svg = draw_file("map-n.svg", DOCUMENT, OUTLINES, CHANGED).decode()
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    with pytest.raises(KeyError):
        draw_file("map-other.svg", DOCUMENT, OUTLINES, CHANGED)


def test_paper_is_pdf_a_and_the_same_each_time(kept, press):
    assert kept["report.pdf"].startswith(b"%PDF-1.7")
    assert b"pdfaid" in kept["report.pdf"]
    assert make_kept(copy.deepcopy(DOCUMENT), OUTLINES, CHANGED, press) == kept


def test_no_cell_is_a_formula(kept):
    book = load_workbook(io.BytesIO(kept["report.xlsx"]))
    cells = [cell for sheet in book for row in sheet for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    assert 60 in [cell.value for cell in cells]


def test_a_map_without_outlines_or_values_is_drawn():
    item = {**ITEM, "units": [line(code, None, None) for code in ("330203", "330206")]}
    document = {**DOCUMENT, "items": [item], "review_number": None}
    text = draw_file("map-n.svg", document, project({}), []).decode()
    assert "未取得审图号" in text
    one = {**ITEM, "units": [line("330203", "5", 1), line("330206", "5", 1)]}
    assert (
        "5.0 – 5.0" in draw_file("map-n.svg", {**document, "items": [one]}, OUTLINES, []).decode()
    )


def test_no_unit_is_at_both_ends_of_a_ranking():
    units = [line(f"33020{n}", str(n), n) for n in range(1, 6)]
    document = {"units": [{"code": one["unit"], "title": TEXT} for one in units]}
    places = ranked(document, {**ITEM, "units": units})
    for top in (1, 2, 3, 5, 9):
        first, last = ends(places, top)
        named = [place.rank for place in (*first, *last)]
        assert len(set(named)) == len(named)
        assert named[0] == "1"
