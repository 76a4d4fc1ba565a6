"""A port list that is widely used puts Jiaxing into Ningbo: the loader must notice."""

from pathlib import Path

import psycopg
import pytest

from data.layerfile.load import load_layer
from spatial.postgres.db import connect
from tests.data.layerfiles import write_csv

pytestmark = pytest.mark.db

MAPPING = """
kind = "port"
datum = "WGS84"
key = "code"
admin_code = "admin"
[source]
id = "ports-of-a-package"
title = { zh = "港口", en = "Ports" }
license = "Apache-2.0"
attribution = "test"
[columns]
name_en = "name"
un_locode = "code"
[place]
lon = "x"
lat = "y"
[quality]
outside_tolerance_m = 2000
"""
PORTS = [
    {"code": "CNJIX", "name": "Jiaxing", "admin": "330400", "x": 121.543991, "y": 29.868336},
    {"code": "CNZPU", "name": "Zhapu", "admin": "330400", "x": 121.083, "y": 30.6},
]


@pytest.fixture
def province(module_sample_url: str):
    with connect(module_sample_url) as conn:
        yield conn


def test_a_port_outside_its_declared_unit_is_refused(
    province: psycopg.Connection, tmp_path: Path
) -> None:
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    file = write_csv(tmp_path / "ports.csv", PORTS)
    province.rollback()
    report = load_layer(province, file, None, tmp_path / "map.toml", lambda line: None)
    assert report.refused == {"outside-unit": 1}
    (row,) = province.execute(
        "SELECT row FROM sigang.quarantine WHERE load_id = %s", [report.load_id]
    ).fetchone()
    assert row["code"] == "CNJIX"
