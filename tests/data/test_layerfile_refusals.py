import csv
import json
from pathlib import Path

import pytest
import shapely

from spatial.errors import ConfigError, NotFound, Quarantined
from spatial.ids import uuid7
from spatial.postgres.ingest import export_quarantine
from tests.data.layerfiles import (
    COLUMNS,
    HEAD,
    HOSPITALS,
    assert_loaded,
    frame,
    hospitals,
    table,
    write_csv,
)

pytestmark = pytest.mark.db

BAD = [
    ({"经度": 30.27, "纬度": 120.15}, "swapped-axes"),
    ({"经度": "nan"}, "not-finite"),
    ({"经度": "inf"}, "not-finite"),
    ({"经度": 190}, "out-of-range"),
    ({"经度": ""}, "no-place"),
    ({"经度": "120x"}, "no-place"),
    ({"床位": "many"}, "bad-value"),
    ({"编号": "H1"}, "duplicate-id"),
    ({"区划": "330200"}, "outside-unit"),
    ({"区划": "33x"}, "bad-value"),
    ({"楼层": "-3"}, "bad-props"),
]


@pytest.mark.parametrize(("change", "reason"), BAD)
def test_a_bad_row_goes_to_quarantine(conn, load_file, units, tmp_path, change, reason) -> None:
    rows = [{**row, "区划": "330100", "楼层": "2"} for row in table()]
    rows.append({**rows[0], "编号": "H9", "名称": "坏", **change})
    mapping = 'admin_code = "区划"\n' + HEAD.format(datum="WGS84") + COLUMNS
    mapping += '\n[props]\nberths = "楼层"\n'
    report = load_file(write_csv(tmp_path / "p.csv", rows), mapping, "port")
    assert report.refused == {reason: 1}
    assert report.rows == {"facility": 2}
    (number, kept) = conn.execute("SELECT row_no, row FROM sigang.quarantine").fetchone()
    assert number == 3
    assert kept["名称"] == "坏"


def test_quarantine_comes_out_as_a_file_and_goes_back_in(conn, load_file, tmp_path: Path) -> None:
    rows = table()
    rows[1]["经度"], rows[1]["纬度"] = rows[1]["纬度"], rows[1]["经度"]
    mapping = HEAD.format(datum="WGS84") + COLUMNS
    report = load_file(write_csv(tmp_path / "h.csv", rows), mapping)
    out = tmp_path / "bad.csv"
    assert export_quarantine(conn, report.load_id, out) == 1
    (bad,) = csv.DictReader(out.open(encoding="utf-8-sig"))
    assert (bad["refused_row"], bad["refused_for"], bad["名称"]) == (
        "2",
        "swapped-axes",
        "省人民医院",
    )
    bad["经度"], bad["纬度"] = bad["纬度"], bad["经度"]
    mended = write_csv(tmp_path / "mended.csv", [bad])
    load_file(mended, mapping)
    assert list(hospitals(conn)) == ["省人民医院"]


def test_quarantined_shapes_come_out_as_geojson(conn, load_file, tmp_path: Path) -> None:
    rows = frame(table())
    rows.loc[len(rows)] = {
        "编号": "H3",
        "名称": "乱",
        "床位": 1,
        "geometry": shapely.Point(30, 120),
    }
    (tmp_path / "h.geojson").write_text(rows.to_json(), encoding="utf-8")
    report = load_file(tmp_path / "h.geojson", HEAD.format(datum="WGS84"))
    out = tmp_path / "bad.geojson"
    export_quarantine(conn, report.load_id, out)
    (feature,) = json.loads(out.read_text("utf-8"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [30.0, 120.0]}
    assert feature["properties"]["refused_for"] == "swapped-axes"


def test_loading_twice_gives_the_same_rows(conn, load_file, tmp_path: Path) -> None:
    query = "SELECT to_jsonb(f) - 'recorded_at' FROM sigang.facility f ORDER BY id"
    mapping = HEAD.format(datum="WGS84").replace('key = "编号"\n', "") + COLUMNS
    rows = [*table(), table()[0]]
    file = write_csv(tmp_path / "h.csv", rows)
    load_file(file, mapping)
    first = conn.execute(query).fetchall()
    load_file(file, mapping)
    assert conn.execute(query).fetchall() == first
    assert len(first) == 3


FILES = {
    "empty.csv": b"",
    "no-header.csv": b"\n\n",
    "twice.csv": "编号,编号,名称,床位,经度,纬度\n".encode(),
    "text.geojson": b"{ not json",
    "other.geojson": b'{"type": "Point"}',
    "broken.gpkg": b"SQLite format 3\x00 no",
    "broken.zip": b"PK no",
    "broken.xlsx": b"no",
    "broken.parquet": b"PAR1",
    "quotes.csv": '编号,名称,床位,经度,纬度\n1,"甲'.encode(),
    "unknown.dwg": b"AC1027",
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_changes_nothing(conn, load_file, tmp_path: Path, name: str) -> None:
    mapping = HEAD.format(datum="WGS84") + COLUMNS
    load_file(write_csv(tmp_path / "h.csv", table()), mapping)
    bad = tmp_path / name
    bad.write_bytes(FILES[name])
    with pytest.raises(Quarantined):
        load_file(bad, mapping)
    assert_loaded(conn)
    states = conn.execute("SELECT state FROM sigang.load_run ORDER BY started_at").fetchall()
    assert states == [("done",), ("refused",)]


def test_a_file_of_bad_rows_changes_nothing_but_keeps_them(conn, load_file, tmp_path: Path) -> None:
    mapping = HEAD.format(datum="WGS84") + COLUMNS
    load_file(write_csv(tmp_path / "h.csv", table()), mapping)
    swapped = {name: (y, x) for name, (x, y) in HOSPITALS.items()}
    with pytest.raises(Quarantined) as caught:
        load_file(write_csv(tmp_path / "bad.csv", table(swapped)), mapping)
    assert_loaded(conn)
    assert export_quarantine(conn, caught.value.extra["load_id"], tmp_path / "bad.geojson") == 2


def test_too_many_bad_rows_refuse_the_file(conn, load_file, tmp_path: Path) -> None:
    rows = table()
    rows[0]["经度"] = "x"
    mapping = HEAD.format(datum="WGS84") + COLUMNS + "\n[quality]\nmax_bad_share = 0.1\n"
    with pytest.raises(Quarantined, match="1 of 2 rows"):
        load_file(write_csv(tmp_path / "h.csv", rows), mapping)
    assert hospitals(conn) == {}


def test_a_value_that_the_database_refuses_refuses_its_row(conn, load_file, tmp_path: Path) -> None:
    rows = [{**row, "起": "2026-05-02", "止": "2026-05-03"} for row in table()]
    rows.insert(1, {**rows[0], "编号": "H9", "止": "2026-05-01"})
    head = HEAD.replace('name_zh = "名称"', 'name_zh = "名称"\nvalid_from = "起"\nvalid_to = "止"')
    mapping = head.format(datum="WGS84") + COLUMNS
    report = load_file(write_csv(tmp_path / "h.csv", rows), mapping)
    assert (report.refused, report.rows) == ({"refused-value": 1}, {"facility": 2})
    assert conn.execute("SELECT row_no FROM sigang.quarantine").fetchall() == [(2,)]
    with pytest.raises(Quarantined, match="refused-value 1"):
        load_file(write_csv(tmp_path / "h.csv", rows[1:2]), mapping)
    assert len(hospitals(conn)) == 2


def test_shapes_over_the_antimeridian_are_cut_and_bad_ones_named(
    conn, load_file, tmp_path: Path
) -> None:
    lines = [
        [(179.9, 10), (-179.9, 12)], [(-179.9, 12), (-179, 12)], [(120, 30), (121, 85.2)],
        [(120, 30), (120, 30)], [(120, 31), (120, 32)],
    ]  # fmt: skip
    features = [
        {"type": "Feature", "properties": {"编号": f"L{i}", "名称": "\x00" if i == 5 else "线"},
         "geometry": {"type": "LineString", "coordinates": line}}
        for i, line in enumerate(lines, 1)
    ]  # fmt: skip
    file = tmp_path / "l.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    mapping = HEAD.replace('capacity = "床位"\n', "").format(datum="WGS84")
    report = load_file(file, mapping + '\n[values]\nclass = "primary"\n', "road")
    assert report.refused == {"out-of-range": 1, "bad-geometry": 1, "bad-value": 1}
    assert report.rows == {"edge": 3, "node": 4}
    rows = conn.execute(
        "SELECT row_no, reason, detail FROM sigang.quarantine ORDER BY row_no"
    ).fetchall()
    assert rows[0] == (3, "out-of-range", "顶点 2 / vertex 2: [121, 85.2]")
    assert [row[:2] for row in rows[1:]] == [(4, "bad-geometry"), (5, "bad-value")]
    found = conn.execute("SELECT ST_AsText(geom) FROM sigang.edge").fetchall()
    assert {text for (text,) in found} == {
        "LINESTRING(-180 11,-179.9 12)", "LINESTRING(-179.9 12,-179 12)",
        "LINESTRING(179.9 10,180 11)",
    }  # fmt: skip


def test_no_datum_is_refused(conn, load_file, tmp_path: Path) -> None:
    mapping = HEAD.format(datum="x").replace('datum = "x"\n', "") + COLUMNS
    with pytest.raises(Quarantined, match="datum"):
        load_file(write_csv(tmp_path / "h.csv", table()), mapping)


WRONG = [
    ('datum = "WGS84"', 'datum = "ED50"', "datum"),
    ('visibility = "public"', 'visability = "public"', "visability"),
    ('capacity = "床位"', 'beds = "床位"', "columns.beds"),
    ('capacity = "床位"', 'origin = "床位"', "columns.origin"),
    ('capacity = "床位"', 'capacity = "病床"', "病床"),
    ('lon = "经度"', 'lon = "X"', "no column X"),
    ('lon = "经度"', 'lon = "经度"\npair = "坐标"', "place"),
    ('title = { zh = "医院", en = "Hospitals" }', "", "source.title"),
]


@pytest.mark.parametrize(("old", "new", "named"), WRONG)
def test_a_wrong_key_is_named(
    conn, load_file, tmp_path: Path, old: str, new: str, named: str
) -> None:
    mapping = (HEAD.format(datum="WGS84") + COLUMNS).replace(old, new)
    with pytest.raises(ConfigError, match=named):
        load_file(write_csv(tmp_path / "h.csv", table()), mapping)


def test_an_unknown_file_is_refused(conn, load_file, tmp_path: Path) -> None:
    with pytest.raises(Quarantined):
        load_file(tmp_path / "none.csv", HEAD.format(datum="WGS84") + COLUMNS)
    with pytest.raises(NotFound):
        export_quarantine(conn, uuid7(), tmp_path / "out.csv")
