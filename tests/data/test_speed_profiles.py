"""Measured weeks from a CSV file: whole weeks or none, the bad rows named."""

import pytest

from data.speed_profiles import HEADER, load_speed_profiles
from spatial.errors import NotFound, Quarantined
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
    assert load_speed_profiles(roads, write(tmp_path, *rows), "detectors").rows_ok == 2
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
    ("rows", "said"),
    [
        (week("0,0 1,0", hours=range(167)), "incomplete-week"),
        (week("0,0 1,0") + week("0,0 1,0", hours=[3]), "duplicate-hour"),
        (week("nowhere"), "unknown-edge"), (week("0,0 1,0", "sideways"), "direction 'sideways'"),
        (week("0,0 1,0", kmh=0.0), "kmh '0.0'"), (week("0,0 1,0", kmh=90.5), "kmh '250.5'"),
        (week("0,0 1,0", hours=range(1, 169)), "hour '168'"), (["x,both,1,2"], "edge_id 'x'"),
        ([f"{edge('0,0 1,0')},both,1,fast"], "kmh 'fast'"), ([",,,"], "edge_id None"),
    ],
)  # fmt: skip
def test_a_file_without_a_good_week_changes_nothing(roads, tmp_path, rows, said):
    load_speed_profiles(roads, write(tmp_path, *week("2,0 3,0", kmh=30)), "detectors")
    before = held(roads)
    with pytest.raises(Quarantined) as error:
        load_speed_profiles(roads, write(tmp_path, *rows), "detectors")
    assert held(roads) == before
    load = error.value.extra["load_id"]
    kept = roads.execute(
        "SELECT reason, detail FROM sigang.quarantine WHERE load_id = %s ORDER BY row_no", [load]
    ).fetchall()
    assert len(kept) == len(rows)
    assert any(said in f"{reason} {detail}" for reason, detail in kept)


def test_bad_rows_are_named_and_leave_the_other_weeks(roads, tmp_path):
    rows = week("0,0 1,0") + week("1,0 2,0") + week("nowhere")
    rows[200] = rows[200].rsplit(",", 1)[0] + ",-5"
    report = load_speed_profiles(roads, write(tmp_path, *rows), "detectors")
    assert [row[:2] for row in held(roads)] == [(edge("0,0 1,0"), "both")]
    assert report.refused == {"bad-value": 1, "incomplete-week": 167, "unknown-edge": 168}
    number, detail, row = roads.execute(
        "SELECT row_no, detail, row FROM sigang.quarantine WHERE reason = 'bad-value'"
    ).fetchone()
    assert (number, row["kmh"], row["edge_id"]) == (201, "-5", edge("1,0 2,0"))
    assert detail.startswith("kmh '-5': ")


def test_what_cannot_be_a_load(roads, tmp_path):
    with pytest.raises(Quarantined, match="first line"):
        load_speed_profiles(roads, write(tmp_path, header="edge,kmh"), "detectors")
    with pytest.raises(Quarantined, match="line 3"):
        load_speed_profiles(roads, write(tmp_path, "a,both,1,2", "a,both,1,2,3"), "detectors")
    with pytest.raises(Quarantined, match="no rows"):
        load_speed_profiles(roads, write(tmp_path), "detectors")
    with pytest.raises(NotFound):
        load_speed_profiles(roads, write(tmp_path, *week("0,0 1,0")), "nobody")
