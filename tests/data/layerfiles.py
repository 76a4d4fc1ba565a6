"""Hospitals as files of every kind, and the mapping that loads them."""

import csv
from pathlib import Path

import geopandas
import shapely

from spatial.geo.crs import distance_m

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
