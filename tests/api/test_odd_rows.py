"""Rows without a place, or with numbers that are none: pages and exports go on and say null."""

import csv
import io
import json

import geopandas
import pytest

from spatial.postgres.db import connect
from tests.api.ogcworld import ITEMS

pytestmark = pytest.mark.db
ODD = """
INSERT INTO sigang.facility (kind, visibility, origin, source_id, name_zh, capacity, geom)
VALUES ('port', 'public', 'synthetic', 'test', 'odd none', 'NaN', NULL),
  ('port', 'public', 'synthetic', 'test', 'odd infinite', '-Infinity',
    ST_SetSRID(ST_MakePoint(120, 30), 4326)),
  ('port', 'public', 'synthetic', 'test', 'odd NaN', 1.5, {nowhere}),
  ('port', 'public', 'synthetic', 'test', 'odd empty', NULL, 'SRID=4326;POINT EMPTY')"""
ASKED = {"filter": "name_zh LIKE 'odd%'", "sortby": "name_zh"}


@pytest.fixture(scope="module", autouse=True)
def odd(served):
    with connect(served.database_url) as conn:
        conn.execute("ALTER TABLE sigang.facility ALTER geom DROP NOT NULL")
        nowhere = "ST_SetSRID(ST_MakePoint('NaN', 30), 4326)"
        conn.execute(ODD.format(nowhere=nowhere))
        conn.commit()
        yield
        conn.execute("DELETE FROM sigang.facility WHERE name_zh LIKE 'odd%'")
        conn.execute("ALTER TABLE sigang.facility ALTER geom SET NOT NULL")
        conn.commit()


def strict(text):
    """Return JSON that holds nothing but JSON."""

    def refuse(word):
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("crs", ["CRS84", "4549", "GCJ02"])
def test_a_page_and_an_item_say_null(api, crs):
    answer = api.get(ITEMS, params=ASKED | {"crs": crs})
    assert answer.status_code == 200, answer.text
    found = {f["properties"]["name_zh"]: f for f in strict(answer.text)["features"]}
    assert {name: f["properties"]["capacity"] for name, f in found.items()} == {
        "odd none": None, "odd infinite": None, "odd NaN": 1.5, "odd empty": None,
    }  # fmt: skip
    assert found["odd none"]["geometry"] is None
    assert found["odd NaN"]["geometry"] is None
    for feature in found.values():
        one = api.get(f"{ITEMS}/{feature['id']}", params={"crs": crs})
        assert strict(one.text)["geometry"] == feature["geometry"]
    assert api.get(ITEMS, params=ASKED | {"f": "html"}).status_code == 200
    assert api.get("/api/collections/ports").status_code == 200


def test_text_exports_say_null(api):
    sequence = api.get(ITEMS, params=ASKED | {"f": "jsonseq"})
    rows = [strict(part) for part in sequence.text.split("\x1e")[1:]]
    assert [row["properties"]["capacity"] for row in rows].count(None) == 3
    table = api.get(ITEMS, params=ASKED | {"f": "csv"})
    lines = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert sorted(line["capacity"] for line in lines) == ["", "", "", "1.5"]
    assert sum("120 30" in line["geometry"] for line in lines) == 1
    assert not any("nan" in line["geometry"].lower() for line in lines)


@pytest.mark.parametrize("kind", ["fgb", "parquet", "gpkg"])
@pytest.mark.parametrize("which", ["name_zh LIKE 'odd%'", "name_zh = 'odd none'"])
def test_files_hold_every_row(api, tmp_path, kind, which):
    answer = api.get(ITEMS, params={"filter": which, "f": kind})
    assert answer.status_code == 200, answer.text
    path = tmp_path / f"ports.{kind}"
    path.write_bytes(answer.content)
    read = geopandas.read_parquet if kind == "parquet" else geopandas.read_file
    frame = read(path)
    assert len(frame) == (4 if "%" in which else 1)
    assert frame["capacity"].dropna().tolist() == ([1.5] if "%" in which else [])
