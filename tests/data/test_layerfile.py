import zipfile
from pathlib import Path

import openpyxl
import pytest
import shapely

from spatial.geo.crs import from_lonlat, parse_crs, wgs84_to_bd09, wgs84_to_gcj02
from spatial.postgres.bulk import copy_rows
from spatial.postgres.ingest import SourceInfo, save_source
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv(conn, load_file, tmp_path: Path, encoding: str) -> None:
    report = load_file(
        write_csv(tmp_path / "h.csv", table(), encoding), HEAD.format(datum="WGS84") + COLUMNS
    )
    assert_loaded(conn)
    assert report.rows == {"facility": 2} and report.rows_bad == 0


def test_xlsx(conn, load_file, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    rows = table()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(tmp_path / "h.xlsx")
    load_file(tmp_path / "h.xlsx", HEAD.format(datum="CGCS2000") + COLUMNS)
    assert_loaded(conn)


def test_geojson(conn, load_file, tmp_path: Path) -> None:
    (tmp_path / "h.geojson").write_text(frame(table()).to_json(), encoding="utf-8")
    load_file(tmp_path / "h.geojson", HEAD.format(datum="WGS84"))
    assert_loaded(conn)


def test_geopackage_in_the_gauss_kruger_zone(conn, load_file, tmp_path: Path) -> None:
    frame(table()).to_crs(4549).to_file(tmp_path / "h.gpkg", layer="医院")
    load_file(tmp_path / "h.gpkg", HEAD.format(datum="CGCS2000"))
    assert_loaded(conn)


def test_geoparquet(conn, load_file, tmp_path: Path) -> None:
    frame(table()).to_parquet(tmp_path / "h.parquet")
    load_file(tmp_path / "h.parquet", HEAD.format(datum="WGS84"))
    assert_loaded(conn)


@pytest.mark.parametrize(
    ("encoding", "with_cpg"), [("GBK", False), ("UTF-8", False), ("GBK", True)]
)
def test_zipped_shapefile(conn, load_file, tmp_path: Path, encoding: str, with_cpg: bool) -> None:
    folder = tmp_path / "shape"
    folder.mkdir()
    frame(table()).to_file(folder / "h.shp", encoding=encoding)
    with zipfile.ZipFile(tmp_path / "h.zip", "w") as archive:
        for part in folder.iterdir():
            if with_cpg or part.suffix != ".cpg":
                archive.write(part, f"数据/{part.name}")
    load_file(tmp_path / "h.zip", HEAD.format(datum="WGS84"))
    assert_loaded(conn)


@pytest.mark.parametrize(("datum", "shift"), [("GCJ02", wgs84_to_gcj02), ("BD09", wgs84_to_bd09)])
def test_offset_datums_are_taken_back(conn, load_file, tmp_path: Path, datum: str, shift) -> None:
    moved = {name: tuple(map(float, shift(*place))) for name, place in HOSPITALS.items()}
    load_file(write_csv(tmp_path / "h.csv", table(moved)), HEAD.format(datum=datum) + COLUMNS)
    assert_loaded(conn)
    assert conn.execute("SELECT datum FROM sigang.source WHERE id = 'hospitals'").fetchone() == (
        datum,
    )


def test_projected_columns_in_a_named_system(conn, load_file, tmp_path: Path) -> None:
    grid = parse_crs("4528")
    moved = {name: tuple(map(float, from_lonlat(*p, grid))) for name, p in HOSPITALS.items()}
    mapping = 'crs = "4528"\n' + HEAD.format(datum="CGCS2000") + COLUMNS
    load_file(write_csv(tmp_path / "h.csv", table(moved)), mapping)
    assert_loaded(conn)


def test_degrees_minutes_seconds(conn, load_file, tmp_path: Path) -> None:
    places = {
        "市一医院": ("120°09′18.36″E", "30°16′26.76″N"),
        "省人民医院": ("120.1602", "30.2803"),
    }
    load_file(write_csv(tmp_path / "h.csv", table(places)), HEAD.format(datum="WGS84") + COLUMNS)
    assert_loaded(conn)


def test_a_pair_in_one_column(conn, load_file, tmp_path: Path) -> None:
    rows = [
        {"编号": row["编号"], "名称": row["名称"], "床位": row["床位"],
         "坐标": f"{row['经度']}, {row['纬度']}"}
        for row in table()
    ]  # fmt: skip
    load_file(
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


def test_places_by_stake(conn, load_file, tmp_path: Path) -> None:
    stakes(conn)
    rows = [
        {"编号": "1", "名称": "甲", "床位": 1, "路线": "G60", "桩号": "K9+500", "至": ""},
        {"编号": "2", "名称": "乙", "床位": 1, "路线": "G60", "桩号": "K9+500", "至": "K10+500"},
        {"编号": "3", "名称": "丙", "床位": 1, "路线": "G60", "桩号": "K99+000", "至": ""},
    ]
    place = '\n[place]\nroute = "路线"\nstake = "桩号"\nstake_to = "至"\n'
    report = load_file(
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


def test_places_by_admin_code(conn, load_file, units, tmp_path: Path) -> None:
    rows = [
        {"编号": "1", "名称": "甲", "床位": 1, "区划": "330200"},
        {"编号": "2", "名称": "乙", "床位": 1, "区划": "999999"},
    ]
    report = load_file(
        write_csv(tmp_path / "h.csv", rows),
        HEAD.format(datum="WGS84") + '\n[place]\nadmin_code = "区划"\n',
    )
    assert hospitals(conn)["甲"][3] == "330200"
    assert 121 < hospitals(conn)["甲"][0] < 122
    assert report.refused == {"no-place": 1}


def test_the_admin_code_comes_from_the_place(conn, load_file, units, tmp_path: Path) -> None:
    load_file(write_csv(tmp_path / "h.csv", table()), HEAD.format(datum="WGS84") + COLUMNS)
    assert {row[3] for row in hospitals(conn).values()} == {"330100"}
