"""Measured weeks from a CSV file: all of it or nothing."""

import pytest

from data.speed_profiles import HEADER, load_speed_profiles
from spatial.errors import BadParameter, NotFound
from tests.api.roadworld import edge, fill

pytestmark = pytest.mark.db


@pytest.fixture
def roads(database_url, conn):
    fill(database_url)
    return conn


def week(name, direction="both", kmh=50.0, hours=range(168)):
    return [f"{edge(name)},{direction},{hour},{kmh + hour}" for hour in hours]


def write(folder, *rows, header=HEADER):
    path = folder / "weeks.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def held(conn):
    return conn.execute(
        "SELECT edge_id::text, direction, speeds_kmh FROM sigang.edge_speed_profile ORDER BY 1, 2"
    ).fetchall()


def test_a_week_is_loaded_in_the_order_of_its_hours(roads, tmp_path):
    rows = week("0,0 1,0")[::-1] + week("1,0 2,0", "forward", 10)
    before = roads.execute(
        "SELECT topology FROM sigang.network_version WHERE network = 'road'"
    ).fetchone()
    assert load_speed_profiles(roads, write(tmp_path, *rows), "detectors") == 2
    found = {(name, way): speeds for name, way, speeds in held(roads)}
    assert found[edge("0,0 1,0"), "both"] == [50 + hour for hour in range(168)]
    assert found[edge("1,0 2,0"), "forward"][:2] == [10, 11]
    after = roads.execute(
        "SELECT topology FROM sigang.network_version WHERE network = 'road'"
    ).fetchone()
    assert after[0] == before[0] + 1
    load_speed_profiles(roads, write(tmp_path, *week("0,0 1,0", kmh=20)), "detectors")
    assert [row[:2] for row in held(roads)] == [(edge("0,0 1,0"), "both")]


@pytest.mark.parametrize(
    "rows",
    [
        week("0,0 1,0", hours=range(167)), week("0,0 1,0") + week("0,0 1,0", hours=[3]),
        week("nowhere"), week("0,0 1,0", "sideways"), week("0,0 1,0", kmh=0.0),
        week("0,0 1,0", kmh=90.5), ["x,both,1,2"], [f"{edge('0,0 1,0')},both,1,fast"],
    ],
)  # fmt: skip
def test_a_wrong_file_changes_nothing(roads, tmp_path, rows):
    load_speed_profiles(roads, write(tmp_path, *week("2,0 3,0", kmh=30)), "detectors")
    before = held(roads)
    with pytest.raises(BadParameter):
        load_speed_profiles(roads, write(tmp_path, *rows), "detectors")
    assert held(roads) == before


def test_what_cannot_be_a_load(roads, tmp_path):
    with pytest.raises(BadParameter):
        load_speed_profiles(roads, write(tmp_path, header="edge,kmh"), "detectors")
    with pytest.raises(NotFound):
        load_speed_profiles(roads, write(tmp_path, *week("0,0 1,0")), "nobody")
