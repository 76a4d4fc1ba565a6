import csv
import json
import zipfile
from pathlib import Path

import geopandas
import openpyxl
import psycopg
import pytest
import shapely

from data.layerfile import load_layer
from spatial.bulk import copy_rows
from spatial.crs import distance_m, from_lonlat, parse_crs, wgs84_to_bd09, wgs84_to_gcj02
from spatial.errors import ConfigError, NotFound, Quarantined
from spatial.ids import uuid7
from spatial.ingest import SourceInfo, export_quarantine, save_source

pytestmark = pytest.mark.db

HOSPITALS = {"市一医院": (120.1551, 30.2741), "省人民医院": (120.1602, 30.2803)}
HEAD = """
kind = "hospital"
datum = "{datum}"
visibility = "public"
key = "编号"

[source]
id = "hospitals"
title = {{ zh = "医院", en = "Hospitals" }}
license = "CC-BY-4.0"
attribution = "Health commission"

[columns]
name_zh = "名称"
capacity = "床位"
"""
COLUMNS = '\n[place]\nlon = "经度"\nlat = "纬度"\n'


@pytest.fixture
def load(conn: psycopg.Connection, tmp_path: Path):
    def run(file: Path, mapping: str, kind: str | None = None):
        path = tmp_path / "map.toml"
        path.write_text(mapping, encoding="utf-8")
        return load_layer(conn, file, kind, path, lambda line: None)

    return run


@pytest.fixture
def units(conn: psycopg.Connection) -> None:
    """Load two square units: 330100 west of 121°E, 330200 east of it."""
    save_source(conn, SourceInfo("units", "区划", "Units", "CC0-1.0", "test"))
    squares = {"330100": (119.5, 29.5, 121.0, 31.0), "330200": (121.0, 29.5, 122.0, 31.0)}
    copy_rows(
        conn,
        "zone",
        ("id", "kind", "level", "admin_code", "origin", "source_id", "geom"),
        [
            (uuid7(), "admin", "prefecture", code, "real", "units",
             shapely.multipolygons([shapely.box(*box)]))
            for code, box in squares.items()
        ],
    )  # fmt: skip
    conn.commit()


def table(places=HOSPITALS) -> list[dict[str, object]]:
    return [
        {"编号": f"H{i}", "名称": name, "床位": 100 * i, "经度": x, "纬度": y}
        for i, (name, (x, y)) in enumerate(places.items(), 1)
    ]


def write_csv(path: Path, rows, encoding="utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def frame(rows) -> geopandas.GeoDataFrame:
    points = [shapely.Point(row["经度"], row["纬度"]) for row in rows]
    plain = [{k: v for k, v in row.items() if k not in {"经度", "纬度"}} for row in rows]
    return geopandas.GeoDataFrame(plain, geometry=points, crs=4326)


def hospitals(conn) -> dict[str, tuple]:
    rows = conn.execute(
        "SELECT name_zh, ST_X(geom), ST_Y(geom), capacity, admin_code, visibility, props"
        " FROM sigang.facility WHERE kind = 'hospital' ORDER BY name_zh"
    )
    return {row[0]: row[1:] for row in rows.fetchall()}


def assert_loaded(conn) -> None:
    found = hospitals(conn)
    assert set(found) == set(HOSPITALS)
    for name, (lon, lat) in HOSPITALS.items():
        assert distance_m(lon, lat, *found[name][:2]) < 0.02
    assert found["市一医院"][2] == 100
    assert found["市一医院"][5]["source_key"] == "H1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv(conn, load, tmp_path: Path, encoding: str) -> None:
    report = load(
        write_csv(tmp_path / "h.csv", table(), encoding), HEAD.format(datum="WGS84") + COLUMNS
    )
    assert_loaded(conn)
    assert report.rows == {"facility": 2} and report.rows_bad == 0


def test_xlsx(conn, load, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    rows = table()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(tmp_path / "h.xlsx")
    load(tmp_path / "h.xlsx", HEAD.format(datum="CGCS2000") + COLUMNS)
    assert_loaded(conn)


def test_geojson(conn, load, tmp_path: Path) -> None:
    (tmp_path / "h.geojson").write_text(frame(table()).to_json(), encoding="utf-8")
    load(tmp_path / "h.geojson", HEAD.format(datum="WGS84"))
    assert_loaded(conn)


def test_geopackage_in_the_gauss_kruger_zone(conn, load, tmp_path: Path) -> None:
    frame(table()).to_crs(4549).to_file(tmp_path / "h.gpkg", layer="医院")
    load(tmp_path / "h.gpkg", HEAD.format(datum="CGCS2000"))
    assert_loaded(conn)


def test_geoparquet(conn, load, tmp_path: Path) -> None:
    frame(table()).to_parquet(tmp_path / "h.parquet")
    load(tmp_path / "h.parquet", HEAD.format(datum="WGS84"))
    assert_loaded(conn)


@pytest.mark.parametrize(
    ("encoding", "with_cpg"), [("GBK", False), ("UTF-8", False), ("GBK", True)]
)
def test_zipped_shapefile(conn, load, tmp_path: Path, encoding: str, with_cpg: bool) -> None:
    folder = tmp_path / "shape"
    folder.mkdir()
    frame(table()).to_file(folder / "h.shp", encoding=encoding)
    with zipfile.ZipFile(tmp_path / "h.zip", "w") as archive:
        for part in folder.iterdir():
            if with_cpg or part.suffix != ".cpg":
                archive.write(part, f"数据/{part.name}")
    load(tmp_path / "h.zip", HEAD.format(datum="WGS84"))
    assert_loaded(conn)


@pytest.mark.parametrize(("datum", "shift"), [("GCJ02", wgs84_to_gcj02), ("BD09", wgs84_to_bd09)])
def test_offset_datums_are_taken_back(conn, load, tmp_path: Path, datum: str, shift) -> None:
    moved = {name: tuple(map(float, shift(*place))) for name, place in HOSPITALS.items()}
    load(write_csv(tmp_path / "h.csv", table(moved)), HEAD.format(datum=datum) + COLUMNS)
    assert_loaded(conn)
    assert conn.execute("SELECT datum FROM sigang.source WHERE id = 'hospitals'").fetchone() == (
        datum,
    )


def test_projected_columns_in_a_named_system(conn, load, tmp_path: Path) -> None:
    grid = parse_crs("4528")
    moved = {name: tuple(map(float, from_lonlat(*p, grid))) for name, p in HOSPITALS.items()}
    mapping = 'crs = "4528"\n' + HEAD.format(datum="CGCS2000") + COLUMNS
    load(write_csv(tmp_path / "h.csv", table(moved)), mapping)
    assert_loaded(conn)


def test_degrees_minutes_seconds(conn, load, tmp_path: Path) -> None:
    places = {
        "市一医院": ("120°09′18.36″E", "30°16′26.76″N"),
        "省人民医院": ("120.1602", "30.2803"),
    }
    load(write_csv(tmp_path / "h.csv", table(places)), HEAD.format(datum="WGS84") + COLUMNS)
    assert_loaded(conn)


def test_a_pair_in_one_column(conn, load, tmp_path: Path) -> None:
    rows = [
        {"编号": row["编号"], "名称": row["名称"], "床位": row["床位"],
         "坐标": f"{row['经度']}, {row['纬度']}"}
        for row in table()
    ]  # fmt: skip
    load(
        write_csv(tmp_path / "h.csv", rows),
        HEAD.format(datum="WGS84") + '\n[place]\npair = "坐标"\n',
    )
    assert_loaded(conn)


def stakes(conn) -> None:
    line = shapely.LineString([(120.0, 30.0), (120.1, 30.0)])
    save_source(conn, SourceInfo("roads", "路", "Roads", "CC0-1.0", "test"))
    copy_rows(
        conn,
        "carriageway",
        ("route_id", "side", "calibrated", "accuracy_m", "source_id", "length_m", "geom"),
        [("G60", "up", True, 10.0, "roads", 9648.0, line)],
    )
    copy_rows(
        conn,
        "stake",
        ("route_id", "side", "k_m", "chainage_m", "accuracy_m", "source_id", "geom"),
        [("G60", "up", k, c, 10.0, "roads", None) for k, c in ((5000, 0), (14000, 9000))],
    )
    conn.commit()


def test_places_by_stake(conn, load, tmp_path: Path) -> None:
    stakes(conn)
    rows = [
        {"编号": "1", "名称": "甲", "床位": 1, "路线": "G60", "桩号": "K9+500", "至": ""},
        {"编号": "2", "名称": "乙", "床位": 1, "路线": "G60", "桩号": "K9+500", "至": "K10+500"},
        {"编号": "3", "名称": "丙", "床位": 1, "路线": "G60", "桩号": "K99+000", "至": ""},
    ]
    place = '\n[place]\nroute = "路线"\nstake = "桩号"\nstake_to = "至"\n'
    report = load(
        write_csv(tmp_path / "h.csv", rows), HEAD.format(datum="WGS84") + place, "service_area"
    )
    found = conn.execute(
        "SELECT name_zh, ST_GeometryType(geom), ST_Length(geom::geography), props -> 'placed'"
        " FROM sigang.facility ORDER BY name_zh"
    ).fetchall()
    by_name = {row[0]: row[1:] for row in found}
    assert by_name["甲"][0] == "ST_Point"
    assert by_name["甲"][2]["calibrated"] is True and by_name["甲"][2]["accuracy_m"] == 10.0
    assert by_name["乙"][1] == pytest.approx(1000, abs=2)
    assert report.refused == {"no-place": 1}


def test_places_by_admin_code(conn, load, units, tmp_path: Path) -> None:
    rows = [
        {"编号": "1", "名称": "甲", "床位": 1, "区划": "330200"},
        {"编号": "2", "名称": "乙", "床位": 1, "区划": "999999"},
    ]
    report = load(
        write_csv(tmp_path / "h.csv", rows),
        HEAD.format(datum="WGS84") + '\n[place]\nadmin_code = "区划"\n',
    )
    assert hospitals(conn)["甲"][3] == "330200"
    assert 121 < hospitals(conn)["甲"][0] < 122
    assert report.refused == {"no-place": 1}


def test_the_admin_code_comes_from_the_place(conn, load, units, tmp_path: Path) -> None:
    load(write_csv(tmp_path / "h.csv", table()), HEAD.format(datum="WGS84") + COLUMNS)
    assert {row[3] for row in hospitals(conn).values()} == {"330100"}


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
def test_a_bad_row_goes_to_quarantine(conn, load, units, tmp_path, change, reason) -> None:
    rows = [{**row, "区划": "330100", "楼层": "2"} for row in table()]
    rows.append({**rows[0], "编号": "H9", "名称": "坏", **change})
    mapping = 'admin_code = "区划"\n' + HEAD.format(datum="WGS84") + COLUMNS
    mapping += '\n[props]\nberths = "楼层"\n'
    report = load(write_csv(tmp_path / "p.csv", rows), mapping, "port")
    assert report.refused == {reason: 1}
    assert report.rows == {"facility": 2}
    (number, kept) = conn.execute("SELECT row_no, row FROM sigang.quarantine").fetchone()
    assert number == 3
    assert kept["名称"] == "坏"


def test_quarantine_comes_out_as_a_file_and_goes_back_in(conn, load, tmp_path: Path) -> None:
    rows = table()
    rows[1]["经度"], rows[1]["纬度"] = rows[1]["纬度"], rows[1]["经度"]
    mapping = HEAD.format(datum="WGS84") + COLUMNS
    report = load(write_csv(tmp_path / "h.csv", rows), mapping)
    out = tmp_path / "bad.csv"
    assert export_quarantine(conn, report.load_id, out) == 1
    (bad,) = csv.DictReader(out.open(encoding="utf-8-sig"))
    assert (bad["row_no"], bad["reason"], bad["名称"]) == ("2", "swapped-axes", "省人民医院")
    bad["经度"], bad["纬度"] = bad["纬度"], bad["经度"]
    mended = write_csv(tmp_path / "mended.csv", [bad])
    load(mended, mapping)
    assert list(hospitals(conn)) == ["省人民医院"]


def test_quarantined_shapes_come_out_as_geojson(conn, load, tmp_path: Path) -> None:
    rows = frame(table())
    rows.loc[len(rows)] = {
        "编号": "H3",
        "名称": "乱",
        "床位": 1,
        "geometry": shapely.Point(30, 120),
    }
    (tmp_path / "h.geojson").write_text(rows.to_json(), encoding="utf-8")
    report = load(tmp_path / "h.geojson", HEAD.format(datum="WGS84"))
    out = tmp_path / "bad.geojson"
    export_quarantine(conn, report.load_id, out)
    (feature,) = json.loads(out.read_text("utf-8"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [30.0, 120.0]}
    assert feature["properties"]["reason"] == "swapped-axes"


def test_loading_twice_gives_the_same_rows(conn, load, tmp_path: Path) -> None:
    query = "SELECT to_jsonb(f) - 'recorded_at' FROM sigang.facility f ORDER BY id"
    mapping = HEAD.format(datum="WGS84").replace('key = "编号"\n', "") + COLUMNS
    rows = [*table(), table()[0]]
    file = write_csv(tmp_path / "h.csv", rows)
    load(file, mapping)
    first = conn.execute(query).fetchall()
    load(file, mapping)
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
def test_a_bad_file_changes_nothing(conn, load, tmp_path: Path, name: str) -> None:
    mapping = HEAD.format(datum="WGS84") + COLUMNS
    load(write_csv(tmp_path / "h.csv", table()), mapping)
    bad = tmp_path / name
    bad.write_bytes(FILES[name])
    with pytest.raises(Quarantined):
        load(bad, mapping)
    assert_loaded(conn)
    states = conn.execute("SELECT state FROM sigang.load_run ORDER BY started_at").fetchall()
    assert states == [("done",), ("refused",)]


def test_a_file_of_bad_rows_changes_nothing_but_keeps_them(conn, load, tmp_path: Path) -> None:
    mapping = HEAD.format(datum="WGS84") + COLUMNS
    load(write_csv(tmp_path / "h.csv", table()), mapping)
    swapped = {name: (y, x) for name, (x, y) in HOSPITALS.items()}
    with pytest.raises(Quarantined) as caught:
        load(write_csv(tmp_path / "bad.csv", table(swapped)), mapping)
    assert_loaded(conn)
    assert export_quarantine(conn, caught.value.extra["load_id"], tmp_path / "bad.geojson") == 2


def test_too_many_bad_rows_refuse_the_file(conn, load, tmp_path: Path) -> None:
    rows = table()
    rows[0]["经度"] = "x"
    mapping = HEAD.format(datum="WGS84") + COLUMNS + "\n[quality]\nmax_bad_share = 0.1\n"
    with pytest.raises(Quarantined, match="1 of 2 rows"):
        load(write_csv(tmp_path / "h.csv", rows), mapping)
    assert hospitals(conn) == {}


def test_a_value_that_the_database_refuses_refuses_the_file(conn, load, tmp_path: Path) -> None:
    rows = [{**row, "起": "2026-05-02", "止": "2026-05-01"} for row in table()]
    head = HEAD.replace('name_zh = "名称"', 'name_zh = "名称"\nvalid_from = "起"\nvalid_to = "止"')
    with pytest.raises(Quarantined, match="the database refuses"):
        load(write_csv(tmp_path / "h.csv", rows), head.format(datum="WGS84") + COLUMNS)


def test_no_datum_is_refused(conn, load, tmp_path: Path) -> None:
    mapping = HEAD.format(datum="x").replace('datum = "x"\n', "") + COLUMNS
    with pytest.raises(Quarantined, match="datum"):
        load(write_csv(tmp_path / "h.csv", table()), mapping)


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
def test_a_wrong_key_is_named(conn, load, tmp_path: Path, old: str, new: str, named: str) -> None:
    mapping = (HEAD.format(datum="WGS84") + COLUMNS).replace(old, new)
    with pytest.raises(ConfigError, match=named):
        load(write_csv(tmp_path / "h.csv", table()), mapping)


def test_an_unknown_file_is_refused(conn, load, tmp_path: Path) -> None:
    with pytest.raises(Quarantined):
        load(tmp_path / "none.csv", HEAD.format(datum="WGS84") + COLUMNS)
    with pytest.raises(NotFound):
        export_quarantine(conn, uuid7(), tmp_path / "out.csv")


ROADS = """
kind = "road"
datum = "CGCS2000"
[source]
id = "roads"
title = { zh = "路", en = "Roads" }
license = "CC0-1.0"
attribution = "test"
[columns]
ref = "ref"
oneway = "oneway"
class = "grade"
lanes = "lanes"
[translate.class]
"一级" = "primary"
"""


def test_roads_become_a_network(conn, load, units, tmp_path: Path) -> None:
    lines = [
        [(120, 30), (120.01, 30)],
        [(120.01, 30), (120.02, 30)],
        [(120.01, 30), (120.01, 30.01)],
    ]
    roads = geopandas.GeoDataFrame(
        {
            "ref": ["G60", None, "S2"],
            "oneway": ["是", "否", "0"],
            "grade": ["一级"] * 3,
            "lanes": 2,
        },
        geometry=[shapely.MultiLineString([line]) for line in lines],
        crs=4490,
    )
    roads.to_file(tmp_path / "roads.gpkg")
    before = conn.execute("SELECT topology FROM sigang.network_version WHERE network='road'")
    was = before.fetchone()[0]
    report = load(tmp_path / "roads.gpkg", ROADS)
    assert report.rows == {"edge": 3, "node": 4}
    joined = conn.execute(
        "SELECT count(*) FROM sigang.edge a JOIN sigang.edge b ON a.to_node = b.from_node"
    ).fetchone()
    assert joined == (2,)
    (cls, oneway, length, basis, code) = conn.execute(
        "SELECT class, oneway, length_m, speed_basis, admin_code FROM sigang.edge WHERE ref = 'G60'"
    ).fetchone()
    assert (cls, oneway, basis, code) == ("primary", True, "assumed", "330100")
    assert length == pytest.approx(964.86, abs=0.05)
    now = conn.execute("SELECT topology FROM sigang.network_version WHERE network='road'")
    assert now.fetchone()[0] == was + 1


def test_loose_ends_and_small_parts_are_refused_on_wish(conn, load, tmp_path: Path) -> None:
    corner = [(120, 30), (120.01, 30), (120.01, 30.01)]
    lines = [shapely.LineString([corner[i], corner[(i + 1) % 3]]) for i in range(3)]
    lines.append(shapely.LineString([(121, 30), (121.01, 30)]))
    roads = geopandas.GeoDataFrame(
        {"ref": ["X"] * 4, "oneway": "否", "grade": "一级", "lanes": 1}, geometry=lines, crs=4326
    )
    roads.to_file(tmp_path / "roads.gpkg")
    report = load(tmp_path / "roads.gpkg", ROADS + "\n[quality]\ndangling_edge = true\n")
    assert report.refused == {"dangling-edge": 1}
    report = load(tmp_path / "roads.gpkg", ROADS + "\n[quality]\nleast_component = 2\n")
    assert report.refused == {"small-component": 1}
    assert report.rows["edge"] == 3


def test_crossed_polygons_are_refused_and_single_ones_stand_for_many(conn, load, tmp_path) -> None:
    shapes = [shapely.box(120, 30, 121, 31), shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
    zones = geopandas.GeoDataFrame({"n": ["好", "坏"]}, geometry=shapes, crs=4326)
    zones.to_file(tmp_path / "z.gpkg")
    head = HEAD.format(datum="WGS84").replace('"编号"', '"n"').replace('"名称"', '"n"')
    mapping = head.replace('capacity = "床位"\n', "")
    report = load(tmp_path / "z.gpkg", mapping, "site")
    assert report.refused == {"self-intersection": 1}
    (kind,) = conn.execute("SELECT ST_GeometryType(geom) FROM sigang.zone").fetchone()
    assert kind == "ST_MultiPolygon"


def test_a_new_kind_names_its_table(conn, load, tmp_path: Path) -> None:
    file, mapping = write_csv(tmp_path / "h.csv", table()), HEAD.format(datum="WGS84") + COLUMNS
    with pytest.raises(Exception, match="tea_house"):
        load(file, mapping, "tea_house")
    report = load(file, 'table = "facility"\n' + mapping, "tea_house")
    assert report.rows == {"facility": 2}
