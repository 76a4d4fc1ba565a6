import csv
from pathlib import Path

import psycopg
import pytest
from shapely import Point, box, multipolygons

from spatial.errors import Quarantined
from spatial.geo.admin_units import AdminUnits, is_unit
from spatial.ids import uuid7
from spatial.postgres.bulk import copy_rows
from spatial.postgres.ingest import BadRow, SourceInfo, export_quarantine, loading, sha256_of

pytestmark = pytest.mark.db

SOURCE = SourceInfo("test", "测试", "Test", "CC0-1.0", "test")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.txt"
    path.write_bytes(b"rows")
    return path


def count(conn: psycopg.Connection, table: str) -> int:
    return conn.execute(f"SELECT count(*) FROM sigang.{table}").fetchone()[0]


def put(run, name: str) -> None:
    columns = ("id", "kind", "origin", "source_id", "name_zh", "modes")
    run.copy("node", (*columns, "geom"), [
        (uuid7(), "junction", "real", run.source_id, name, ["road"], Point(120, 30)),
    ])  # fmt: skip


def test_a_load_is_recorded_with_its_file(conn, file) -> None:
    with loading(conn, SOURCE, file, "node", {"a": 1}) as run:
        put(run, "甲")
        run.refuse(BadRow(2, "bad", "wrong", {"x": float("nan"), "y": [1, float("inf")]}))
    row = conn.execute(
        "SELECT state, file, sha256, kind, options, rows_ok, rows_bad, finished_at IS NOT NULL"
        " FROM sigang.load_run"
    ).fetchone()
    assert row == ("done", "rows.txt", sha256_of(file), "node", {"a": 1}, 1, 1, True)
    kept = conn.execute("SELECT row FROM sigang.quarantine").fetchone()
    assert kept == ({"x": "nan", "y": [1, "inf"]},)
    assert run.report().rows_ok == 1 and run.report().rows_bad == 1


@pytest.mark.parametrize(
    ("error", "state"), [(Quarantined("no"), "refused"), (RuntimeError("no"), "failed")]
)
def test_a_failed_load_leaves_nothing_but_its_record(conn, file, error, state) -> None:
    with loading(conn, SOURCE, file, "node", {}) as run:
        put(run, "甲")
    with pytest.raises(type(error)), loading(conn, SOURCE, file, "node", {}) as run:
        run.clear("node")
        put(run, "乙")
        run.refuse(BadRow(1, "bad", "wrong", {"a": 1}))
        raise error
    assert conn.execute("SELECT name_zh FROM sigang.node").fetchall() == [("甲",)]
    states = conn.execute("SELECT state, rows_ok FROM sigang.load_run ORDER BY started_at")
    assert states.fetchall() == [("done", 1), (state, 0)]
    assert count(conn, "quarantine") == 1


def test_clearing_spares_other_sources(conn, file) -> None:
    other = SourceInfo("other", "另", "Other", "CC0-1.0", "test")
    for source in (SOURCE, other):
        with loading(conn, source, file, "node", {}) as run:
            put(run, source.id)
    with loading(conn, SOURCE, file, "node", {}) as run:
        run.clear("node")
    assert conn.execute("SELECT name_zh FROM sigang.node").fetchall() == [("other",)]


def test_an_exported_table_runs_no_formula(conn, file, tmp_path: Path) -> None:
    with loading(conn, SOURCE, file, "node", {}) as run:
        run.refuse(BadRow(1, "bad", "wrong", {"a": "=1+1", "b": "-120.5", "c": "@x"}))
    export_quarantine(conn, run.load_id, tmp_path / "out.csv")
    (row,) = csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8-sig"))
    assert (row["a"], row["b"], row["c"]) == ("'=1+1", "-120.5", "'@x")


def test_the_finest_unit_that_holds_a_point(conn, file) -> None:
    squares = {
        ("province", "330000"): (118, 27, 123, 31.5),
        ("prefecture", "330100"): (119, 29, 121, 31),
        ("county", "330106"): (120, 30, 120.2, 30.4),
    }
    with loading(conn, SOURCE, file, "zone", {}):
        copy_rows(
            conn,
            "zone",
            ("id", "kind", "level", "admin_code", "origin", "source_id", "geom"),
            [
                (uuid7(), "admin", level, code, "real", "test", multipolygons([box(*bounds)]))
                for (level, code), bounds in squares.items()
            ],
        )
    units = AdminUnits.load(conn)
    found = units.codes_of([120.1, 119.5, 122.0, 100.0], [30.1, 29.5, 30.0, 30.0])
    assert found == ["330106", "330100", "330000", None]
    east = max(bounds[2] for bounds in squares.values())
    quays = units.codes_of([120.1, east + 0.03, east + 0.2], [30.1, 30.0, 30.0], [True] * 3)
    assert quays == ["330106", "330000", None]
    lon, lat = units.centre("330106")
    assert 120 < lon < 120.2 and 30 < lat < 30.4
    assert units.centre("999999") is None


def test_without_units_no_point_has_a_code() -> None:
    assert AdminUnits({}).codes_of([120.0], [30.0]) == [None]


def test_a_code_is_compared_at_its_own_level_or_the_next_that_is_loaded():
    counties = ["330000", "330200", "330206", "310000"]
    found = {code: is_unit(code, counties) for code in ("330206", "330207", "330300", "320000")}
    assert found == {"330206": True, "330207": False, "330300": False, "320000": False}
    assert is_unit("330000", ["330206"]) is True
    assert (is_unit("330206", ["330200"]), is_unit("330306", ["330200"])) == (None, False)
    assert is_unit("330206", []) is None
