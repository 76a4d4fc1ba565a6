"""Commands over data: load a layer file and an extract, export a layer, make keys."""

import csv

import pytest

from spatial.postgres.db import connect
from tests import commands

pytestmark = pytest.mark.db

MAPPING = """
kind = "hospital"
table = "facility"
datum = "WGS84"
visibility = "public"
key = "id"

[source]
id = "test-hospitals"
title = { zh = "医院", en = "Hospitals" }
license = "CC-BY-4.0"
attribution = "nobody"

[columns]
name_zh = "name"

[place]
lon = "lon"
lat = "lat"
"""
ROWS = "id,name,lon,lat\n1,甲医院,120.15,30.28\n2,乙医院,121.55,29.87\n3,丙医院,999,30\n"
STREET = """<?xml version="1.0"?><osm version="0.6">
<node id="1" version="1" lat="30.20" lon="120.10"/>
<node id="2" version="1" lat="30.21" lon="120.11"/>
<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/>
<tag k="name" v="测试路"/></way></osm>"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def sigang(module_sample_url, home):
    def run(*arguments, code=0):
        result = commands.sigang(*arguments, home=home, url=module_sample_url)
        assert result.returncode == code, result.stderr
        return result

    return run


def one(url, query, *values):
    with connect(url) as conn:
        return conn.execute(query, values).fetchone()[0]


def test_a_layer_file_is_loaded_and_its_bad_row_comes_out(sigang, module_sample_url, tmp_path):
    (tmp_path / "hospitals.csv").write_text(ROWS, "utf-8")
    (tmp_path / "hospitals.toml").write_text(MAPPING, "utf-8")
    refused = tmp_path / "refused.csv"
    arguments = ["--map", tmp_path / "hospitals.toml", "--bad-rows", refused]
    result = sigang("load", "layer", tmp_path / "hospitals.csv", *arguments)
    assert "2 facility" in result.stdout
    assert "1 refused: out-of-range" in result.stdout
    with refused.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["refused_for"]) for row in rows] == [("3", "out-of-range")]
    query = "SELECT count(*) FROM sigang.facility WHERE source_id = %s"
    assert one(module_sample_url, query, "test-hospitals") == 2


def test_a_file_that_is_refused_as_a_whole_changes_nothing(sigang, module_sample_url, tmp_path):
    (tmp_path / "bad.csv").write_text("id,name,lon,lat\n1,甲,999,30\n", "utf-8")
    mapping = MAPPING.replace("test-hospitals", "test-bad")
    (tmp_path / "bad.toml").write_text(mapping, "utf-8")
    refused = tmp_path / "refused.csv"
    arguments = ["--map", tmp_path / "bad.toml", "--bad-rows", refused]
    result = sigang("load", "layer", tmp_path / "bad.csv", *arguments, code=1)
    assert "nothing was changed" in result.stderr
    assert "甲" in refused.read_text("utf-8-sig")
    query = "SELECT count(*) FROM sigang.facility WHERE source_id = %s"
    assert one(module_sample_url, query, "test-bad") == 0


def test_measured_speeds_are_loaded_and_a_bad_row_is_named(sigang, module_sample_url, tmp_path):
    query = "SELECT id FROM sigang.edge WHERE mode = 'road' ORDER BY id LIMIT 2"
    with connect(module_sample_url) as conn:
        edges = [str(row[0]) for row in conn.execute(query)]
    rows = [f"{edge},both,{hour},{40 + hour % 24}" for edge in edges for hour in range(168)]
    rows[170] = f"{edges[1]},both,2,fast"
    (tmp_path / "weeks.csv").write_text("\n".join(["edge_id,direction,hour,kmh", *rows]), "utf-8")
    refused = tmp_path / "refused.csv"
    result = sigang("load", "speeds", tmp_path / "weeks.csv", "--bad-rows", refused)
    assert "1 edge_speed_profile" in result.stdout
    assert "167 refused: incomplete-week" in result.stdout
    with refused.open(encoding="utf-8-sig") as file:
        bad = [row for row in csv.DictReader(file) if row["refused_for"] == "bad-value"]
    assert [(row["refused_row"], row["kmh"]) for row in bad] == [("171", "fast")]
    assert one(module_sample_url, "SELECT count(*) FROM sigang.edge_speed_profile") == 1


def test_an_extract_is_loaded_under_its_file_name(sigang, module_sample_url, tmp_path):
    file = tmp_path / "hamlet-latest.osm"
    file.write_text(STREET, "utf-8")
    sigang("load", "osm", file)
    query = "SELECT count(*) FROM sigang.edge WHERE source_id = 'osm:hamlet' AND mode = 'road'"
    assert one(module_sample_url, query) >= 1


def test_an_export_holds_what_the_account_may_see_and_is_audited(
    sigang, module_sample_url, tmp_path
):
    file = tmp_path / "ports.csv"
    sigang("export", "ports", file, "--account", "ningbo", "--purpose", "inspection")
    with file.open(encoding="utf-8-sig") as lines:
        rows = [line for line in csv.reader(lines) if line and not line[0].startswith("#")]
    query = "SELECT count(*) FROM sigang.facility WHERE kind = 'port' AND visibility = 'public'"
    assert len(rows) - 1 == one(module_sample_url, query) > 5
    last = "SELECT actor || ' ' || action || ' ' || target || ' ' || purpose FROM sigang.audit "
    last += "WHERE action = 'export' ORDER BY seq DESC LIMIT 1"
    assert one(module_sample_url, last) == "ningbo export ports inspection"
    left = "SELECT count(*) FROM sigang.credential WHERE label = 'export' AND revoked_at IS NULL"
    assert one(module_sample_url, left) == 0


def test_an_export_that_fails_leaves_no_file(sigang, tmp_path):
    file = tmp_path / "nothing.csv"
    assert "nothing-here" in sigang("export", "nothing-here", file, code=1).stderr
    assert list(tmp_path.iterdir()) == []
    assert ".gpkg" in sigang("export", "ports", tmp_path / "ports.docx", code=1).stderr


def test_tokens(sigang, module_sample_url):
    listed = sigang("accounts", "list").stdout
    assert "dispatcher" in listed and "330000" in listed
    key = sigang("token", "developer", "--label", "gis", "--days", "3").stdout.strip()
    assert key.startswith("sg_")
    query = "SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM sigang.credential"
    assert one(module_sample_url, f"{query} WHERE label = 'gis'") == 3
    assert "/signin?link=" in sigang("token", "planner", "--link").stdout
    assert "accounts list" in sigang("token", "nobody", code=1).stderr


def test_accounts_and_keys(sigang):
    names = ("--name", "台州值班", "Taizhou duty")
    sigang("accounts", "add", "taizhou", "--role", "duty", "--scope", "331000", *names)
    assert (
        "000000"
        in sigang(
            "accounts", "add", "all", "--role", "duty", "--scope", "000000", *names, code=1
        ).stderr
    )
    sigang("token", "taizhou", "--label", "tide")
    line = next(x for x in sigang("keys", "list").stdout.splitlines() if "tide" in x)
    assert sigang("keys", "rotate", line.split()[0]).stdout.startswith("sg_")
    line = next(x for x in sigang("keys", "list").stdout.splitlines() if "tide" in x)
    sigang("keys", "revoke", line.split()[0])
    assert "tide" not in sigang("keys", "list").stdout
    assert "tide" in sigang("keys", "list", "--ended").stdout
    sigang("accounts", "disable", "taizhou")
    assert "disabled" in next(
        x for x in sigang("accounts", "list").stdout.splitlines() if "taizhou" in x
    )
