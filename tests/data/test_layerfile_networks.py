from pathlib import Path

import geopandas
import pytest
import shapely

from tests.data.layerfiles import COLUMNS, HEAD, table, write_csv

pytestmark = pytest.mark.db

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


def test_roads_become_a_network(conn, load_file, units, tmp_path: Path) -> None:
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
    report = load_file(tmp_path / "roads.gpkg", ROADS)
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


def test_loose_ends_and_small_parts_are_refused_on_wish(conn, load_file, tmp_path: Path) -> None:
    corner = [(120, 30), (120.01, 30), (120.01, 30.01)]
    lines = [shapely.LineString([corner[i], corner[(i + 1) % 3]]) for i in range(3)]
    lines.append(shapely.LineString([(121, 30), (121.01, 30)]))
    roads = geopandas.GeoDataFrame(
        {"ref": ["X"] * 4, "oneway": "否", "grade": "一级", "lanes": 1}, geometry=lines, crs=4326
    )
    roads.to_file(tmp_path / "roads.gpkg")
    report = load_file(tmp_path / "roads.gpkg", ROADS + "\n[quality]\ndangling_edge = true\n")
    assert report.refused == {"dangling-edge": 1}
    report = load_file(tmp_path / "roads.gpkg", ROADS + "\n[quality]\nleast_component = 2\n")
    assert report.refused == {"small-component": 1}
    assert report.rows["edge"] == 3


def test_crossed_polygons_are_refused_and_single_ones_stand_for_many(
    conn, load_file, tmp_path
) -> None:
    shapes = [shapely.box(120, 30, 121, 31), shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
    zones = geopandas.GeoDataFrame({"n": ["好", "坏"]}, geometry=shapes, crs=4326)
    zones.to_file(tmp_path / "z.gpkg")
    head = HEAD.format(datum="WGS84").replace('"编号"', '"n"').replace('"名称"', '"n"')
    mapping = head.replace('capacity = "床位"\n', "")
    report = load_file(tmp_path / "z.gpkg", mapping, "site")
    assert report.refused == {"self-intersection": 1}
    (kind,) = conn.execute("SELECT ST_GeometryType(geom) FROM sigang.zone").fetchone()
    assert kind == "ST_MultiPolygon"


def test_a_new_kind_names_its_table(conn, load_file, tmp_path: Path) -> None:
    file, mapping = write_csv(tmp_path / "h.csv", table()), HEAD.format(datum="WGS84") + COLUMNS
    with pytest.raises(Exception, match="tea_house"):
        load_file(file, mapping, "tea_house")
    report = load_file(file, 'table = "facility"\n' + mapping, "tea_house")
    assert report.rows == {"facility": 2}
