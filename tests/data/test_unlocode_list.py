"""UN/LOCODE as published: what is wrong with a row is told, and its code is known all the same."""

import csv
import gzip
import math

import pytest

from api.network.rule_models import load_rules
from data.linkage.unlocode import COLUMNS, load_unlocode
from data.things import package_folder
from spatial.geo.unlocode import parse_point
from spatial.postgres.db import connect

pytestmark = pytest.mark.db

PLACES = "SELECT name, subdivision, flags, ST_X(geom), ST_Y(geom) FROM sigang.unlocode WHERE code = %s ORDER BY name"  # noqa: E501
WRONG = {
    "BTCCS": ",BT,CCS,Chuksa,Chuksa,,--3-----,RL,0001,,26.9826N 88.9391E,",
    "USHDA": ",US,HDA,Hidden Falls,Hidden Falls,AK,---4----,AI,0001,,2959N 09537W,",
    "bad": ",US,h1,Nowhere,Nowhere,,1-------,AI,0001,,,",
}


@pytest.fixture(scope="module")
def listed(module_database_url, tmp_path_factory):
    """Yield a connection, the report of the whole list with rows made wrong, and its quarantine."""
    lines = []
    for part in sorted((package_folder("pyunlocode") / "csv").glob("*CodeListPart*.csv")):
        lines += part.read_text("latin-1").splitlines()
    kept = [line for line in lines if ',"US","HDA",' not in line and ',"BT","CCS",' not in line]
    file = tmp_path_factory.mktemp("codes") / "list.csv.gz"
    file.write_bytes(gzip.compress("\n".join([*kept, *WRONG.values()]).encode("latin-1")))
    with connect(module_database_url) as conn:
        load_rules(conn)
        conn.commit()
        report = load_unlocode(conn, file, lambda line: None, source="codes")
        rows = conn.execute(
            "SELECT reason, detail, row FROM sigang.quarantine WHERE load_id = %s", [report.load_id]
        ).fetchall()
        yield conn, report, rows


def test_each_wrong_row_is_told_and_stops_no_other(listed):
    conn, report, quarantine = listed
    assert report.rows["unlocode"] > 110_000
    told = {
        f"{row['country']}{row['location']}": (reason, detail) for reason, detail, row in quarantine
    }
    assert told["CNDOP"][0] == "bad-coordinate" and "decimal degrees" in told["CNDOP"][1]
    assert told["USHDA"][0] == "outside-subdivision" and "AK" in told["USHDA"][1]
    assert told["CNDMY"][0] == "outside-subdivision"
    assert told["USh1"][0] == "bad-code"
    assert report.refused["outside-subdivision"] < 0.01 * report.rows["unlocode"]

    def places(code):
        return conn.execute(PLACES, [code]).fetchall()

    for code, flag in (("CNDOP", "bad-coordinate"), ("USHDA", "outside-subdivision"),
                       ("CNDMY", "outside-subdivision")):  # fmt: skip
        ((_, _, flags, lon, lat),) = places(code)
        assert (flags, lon, lat) == ([flag], None, None)
    ((_, _, flags, lon, lat),) = places("BTCCS")
    assert (flags, lon, lat) == (["decimal-degrees"], 88.9391, 26.9826)
    ((name, division, _, lon, _),) = places("NAKAT")
    assert (name, division) == ("Katima Mulilo", "CA") and 24 < lon < 25
    assert [row[0] for row in places("GRJSY")] == ["Syra (Syros)", "Syros (Syra)"]
    assert all(row[2] == ["two-names"] for row in places("GRJSY"))
    ((_, _, _, lon, _),) = places("GBCGF")
    assert (lon, math.copysign(1, lon)) == (0, 1)
    assert report.refused["bad-code"] == 4, "three have 0 or 1, which no place has, and ours"
    assert report.told["rows without a code"] > 300, "countries, and names like Vienna = Wien"


def test_a_dry_run_and_a_file_with_a_header(listed, tmp_path):
    conn, report, _ = listed
    file = tmp_path / "some.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerow(
            ["", "NA", "KAT", "Katima", "Katima", "CA", "1", "AI", "", "", "1730S 02416E", ""]
        )
    conn.commit()
    tried = load_unlocode(conn, file, lambda line: None, source="codes", dry_run=True)
    assert (tried.rows["unlocode"], tried.rows_bad) == (1, 0)
    count = conn.execute("SELECT count(*) FROM sigang.unlocode").fetchone()[0]
    assert count == report.rows["unlocode"], "nothing was changed"


def test_decimal_degrees_are_never_minutes():
    assert parse_point("26.9826N 88.9391E") == (88.9391, 26.9826, True)
    assert parse_point("2659N 08856E")[2] is False
