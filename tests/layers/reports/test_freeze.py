"""Frozen reports: what is frozen is what was counted, and stays so whatever comes after."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from layers.indicators.catalog import read_indicators
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import parse_period, period_at
from layers.indicators.suppress import suppress
from layers.reports import listed as listed_rows
from layers.reports import store
from layers.reports.catalogue import read_reports
from layers.reports.definitions import Definitions
from layers.reports.document import AUDIENCES
from layers.reports.files import KEPT, draw_file, drawn_names
from layers.reports.fonts import unpacked_fonts
from layers.reports.freeze import freeze
from layers.reports.opened import numbers_for, open_version
from layers.reports.rows import digest_rows
from layers.reports.seal import canonical, digest, digits, verifies
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import BadParameter, ConfigError, Conflict, NotFound, StaleVersion
from spatial.postgres.db import Database, connect
from spatial.rules import RuleSet
from spatial.settings import Settings
from tests.harness import HOME_VARIABLE, ROOT
from tests.layers.differencing import leaks
from tests.layers.reports import world
from tests.layers.reports.world import WEEK, order

pytestmark = pytest.mark.db

PROVINCE = Actor("province", "dispatcher", "330000")
ACTORS = [
    ANONYMOUS,
    PROVINCE,
    Actor("ningbo", "duty", "330200"),
    Actor("haishu", "duty", "330203", "u1"),
]
MONTH = parse_period("2025-05")


@pytest.fixture(scope="module")
def areas(tmp_path_factory):
    return tmp_path_factory.mktemp("reports") / "areas"


@pytest.fixture(scope="module")
def catalog(areas):
    return world.declare(areas)


@pytest.fixture(scope="module")
def frozen(module_database_url, catalog):
    """Return a database in which a week and a month are frozen."""
    world.fill(module_database_url)
    made = world.ground(module_database_url, catalog)
    assert freeze(made, order()) == 1
    assert freeze(made, order("monthly", MONTH)) == 1
    return module_database_url


def edition(url, report="weekly", period=WEEK, audience="province", version=1):
    with connect(url) as conn:
        return conn.execute(
            "SELECT e.document, e.manifest, e.sha256, e.key, e.signature, o.body, v.id"
            " FROM sigang.report_edition e JOIN sigang.report_version v ON v.id = e.version_id"
            " JOIN sigang.report_outline o ON o.sha256 = e.document->>'outlines'"
            " WHERE report = %s AND period = %s AND audience = %s AND version = %s",
            [report, period.id, audience, version],
        ).fetchone()


def asked(url, work):
    async def run():
        db = await Database.open(Settings(database_url=url, pool_size=3), url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(run())


def test_frozen_numbers_are_what_the_rows_counted_for_every_reader(frozen, catalog):
    declared = catalog.part(read_indicators)

    async def both(db):
        found = []
        for report, period in (("weekly", WEEK), ("monthly", MONTH)):
            opened = await open_version(db, report, period)
            units = opened.definitions.units
            for actor in ACTORS:
                keys = [key for key in opened.told(actor, catalog) if key != "whole"]
                told = await numbers_for(db, opened, actor, keys)
                question = Asked(keys, actor, [period], period.end)
                counted = await read_numbers(
                    db, declared, units, lambda _: RuleSet(()), question, stored=False
                )
                found.append((keys, told, counted))
        return found

    compared = 0
    for keys, told, counted in asked(frozen, both):
        for key in keys:
            for unit in told.units.all():
                ours, theirs = told.of(key, unit), counted.of(key, unit)
                assert replace(ours, origins=theirs.origins) == theirs, (key, unit.code)
                compared += bool(ours.value)
    assert compared > 90


def test_a_rate_has_its_interval_and_the_rule_of_it(frozen):
    document, *_ = edition(frozen)
    item = document["items"][1]
    lines = [one for one in (item["total"], *item["units"]) if one["value"] is not None]
    assert item["interval"] == "0.9" and lines
    for one in lines:
        lower, upper = map(Decimal, one["interval"])
        assert lower <= Decimal(one["value"]) <= upper and lower < upper
    assert "law.heat_interval" in {rule["key"] for rule in document["rules"]}
    assert "interval" not in document["items"][2]


def test_the_index_recomputes_from_the_frozen_rows(frozen, catalog):
    document, manifest, *_ = edition(frozen)
    item = document["items"][0]
    assert item["id"] == "whole"

    async def again(db):
        opened = await open_version(db, "weekly", WEEK)
        numbers = await numbers_for(db, opened, PROVINCE, ["whole"])
        return [
            digits(numbers.of("whole", unit).value)
            for unit in [opened.home, *opened.definitions.units.of_level("county")]
        ]

    values = [line["value"] for line in (item["total"], *item["units"])]
    assert asked(frozen, again) == values
    assert item["total"]["index"]["vetoes"][0]["cap"] == "60"
    assert ["whole", "330000", item["total"]["value"], None] in manifest["values"]
    parts = item["total"]["index"]["parts"]
    total = sum(Decimal(part["gives"]) for part in parts)
    assert total == pytest.approx(Decimal(item["total"]["index"]["raw"]))


def test_units_are_ranked_by_the_frozen_rule_which_is_named(frozen):
    document, *_ = edition(frozen)
    assert "office.ranking" in {rule["key"] for rule in document["rules"]}
    ties = 0
    for item in document["items"]:
        ranks = [unit["rank"] for unit in item["units"] if unit["rank"]]
        assert set(ranks) == set(range(1, len(set(ranks)) + 1)), item["id"]  # 1-2-2-3
        ties += len(ranks) - len(set(ranks))
    assert ties


def test_a_version_that_there_is_not_is_named(frozen):
    with pytest.raises(NotFound, match="2025-W20 of weekly is not frozen in version 9"):
        asked(frozen, lambda db: open_version(db, "weekly", WEEK, 9))


def test_the_public_is_told_no_more_than_ever(frozen):
    week, *_ = edition(frozen, audience="public")
    assert [item["id"] for item in week["items"]] == ["closed_on_time", "open", "cost"]
    assert week["withheld"] == 1  # small numbers of persons are told by month only
    month, *_ = edition(frozen, "monthly", MONTH, "public")
    assert month["items"][0]["id"] == "whole"
    whole, *_ = edition(frozen)
    totals = [one["items"][-3]["total"]["denominator"] for one in (week, whole)]
    assert Decimal(totals[0]) < Decimal(totals[1])


def test_seal_manifest_and_files_hold(frozen):
    for audience in AUDIENCES:
        document, manifest, sha256, key, signature, outlines, version = edition(
            frozen, audience=audience
        )
        text = canonical(manifest)
        assert digest(text) == sha256
        assert verifies(text, signature, key)
        assert not verifies(text.replace(b'"version":1', b'"version":2'), signature, key)
        assert document["review_number"] == "GS(2026)1号"
        for name in drawn_names(document):
            assert digest(draw_file(name, document, outlines, [])) == manifest["files"][name]
    with connect(frozen) as conn:
        _, manifest, *_, version = edition(frozen)
        count, sha256 = digest_rows(conn, version)
        assert manifest["rows"] == {"count": str(count), "sha256": sha256}
        kept = "SELECT name, body FROM sigang.report_file WHERE version_id = %s AND audience = %s"
        for name, body in conn.execute(kept, [version, "province"]):
            assert digest(body) == manifest["files"][name]


def test_frozen_rows_cannot_be_changed_by_anybody(frozen):
    for role, refused in (
        ("sigang_app", psycopg.errors.InsufficientPrivilege),
        (None, psycopg.errors.CheckViolation),
    ):
        for table in ("version", "row", "edition", "file", "outline"):
            for text in (
                "DELETE FROM sigang.report_{}", "TRUNCATE sigang.report_{} CASCADE",
                "UPDATE sigang.report_{0} SET {1} = {1}",
            ):  # fmt: skip
                with connect(frozen) as conn, pytest.raises(refused):
                    if role:
                        conn.execute(f"SET ROLE {role}")
                    column = "sha256" if table in ("edition", "outline") else "version_id"
                    conn.execute(text.format(table, "id" if table == "version" else column))


DRAW = """
import sys, hashlib
from layers.reports.files import draw_file, drawn_names, make_kept
from tests.layers.reports.test_freeze import edition, WEEK
from layers.reports.render_pdf import Press
from pathlib import Path
document, _, _, _, _, outlines, _ = edition(sys.argv[1])
files = make_kept(document, outlines, [], Press(Path(sys.argv[2])))
files |= {name: draw_file(name, document, outlines, []) for name in drawn_names(document)}
for name in sorted(files):
    print(name, hashlib.sha256(files[name]).hexdigest())
"""


def test_all_files_are_drawn_alike_in_another_process_and_on_other_data(frozen):
    _, manifest, *_ = edition(frozen)
    with connect(frozen) as conn:
        conn.execute("DELETE FROM sigang.event")
        conn.execute("UPDATE sigang.zone SET name_zh = 'X', geom = ST_Translate(geom, 1, 1)")
        conn.execute("UPDATE sigang.rule SET legal_text = 'another'")
        fonts = unpacked_fonts(Path(os.environ[HOME_VARIABLE]))
        conn.commit()
        try:
            made = subprocess.run(
                [sys.executable, "-P", "-c", DRAW, frozen, str(fonts)],
                env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "PATH": "/usr/bin"},
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
        finally:
            conn.execute("DELETE FROM sigang.zone")
            conn.execute("DELETE FROM sigang.rule")
            conn.execute("DELETE FROM sigang.source")
            conn.commit()
            world.fill(frozen)
    files = dict(line.split() for line in made.splitlines())
    assert files == manifest["files"]
    assert set(KEPT) < files.keys()


def test_a_correction_names_what_it_corrects_and_what_changed(frozen, catalog):
    made = world.ground(frozen, catalog)
    with pytest.raises(Conflict, match="frozen as version 1"):
        freeze(made, order())
    with pytest.raises(StaleVersion):
        freeze(made, order(corrects=4, reason="late row"))
    with pytest.raises(StaleVersion):
        freeze(made, order(period=parse_period("2025-W21"), corrects=1, reason="none yet"))
    with connect(frozen) as conn:
        conn.execute(
            "DELETE FROM sigang.event WHERE kind = 'hazard'"
            " AND admin_code = '330203' AND props->>'due_on' BETWEEN '2025-05-12' AND '2025-05-18'"
        )
    assert freeze(made, order(corrects=1, reason="late row")) == 2
    first, second = edition(frozen), edition(frozen, version=2)
    assert second[1]["previous"] == first[2]
    changed = second[1]["changed"]
    assert {one["unit"] for one in changed} >= {"330000"}
    assert {"closed_on_time", "whole"} <= {one["indicator"] for one in changed}
    page = draw_file("report.html", second[0], second[5], changed).decode()
    assert "更正（对第 1 版）" in page and "late row" in page
    assert first[0]["version"] == 1


def test_what_cannot_be_frozen_leaves_nothing(frozen, catalog):
    made = world.ground(frozen, catalog)
    with pytest.raises(NotFound):
        freeze(made, order("nope"))
    with pytest.raises(BadParameter, match="by week"):
        freeze(made, order(period=MONTH))
    with pytest.raises(BadParameter):
        freeze(made, order(period=parse_period("2025-05-01")))
    with pytest.raises(Conflict, match="has not ended"):
        freeze(made, order(period=period_at("week")))
    with connect(frozen) as conn:
        assert store.try_lock(conn, "weekly")
        with pytest.raises(Conflict, match="being frozen"):
            freeze(made, order(period=parse_period("2025-W22")))


KILLED = """
import sys, time
from pathlib import Path
import layers.reports.freeze as f
from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.reports.catalogue import read_reports
from tests.layers.reports import world
from tests.layers.reports.world import order, parse_period
f.digest_rows = lambda *_: (print("in the middle", flush=True), time.sleep(600))
catalog = Catalog.load(Path(sys.argv[2]), read_indicators, read_reports)
f.freeze(world.ground(sys.argv[1], catalog), order(period=parse_period("2025-W23")))
"""


def test_a_kill_in_the_middle_leaves_nothing_half_frozen(frozen, catalog, areas):
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", KILLED, frozen, str(areas)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout.readline() == "in the middle\n"
    counts = (
        "SELECT (SELECT count(*) FROM sigang.report_version), (SELECT count(*) FROM"
        " sigang.report_row), (SELECT count(*) FROM sigang.report_edition)"
    )
    with connect(frozen) as conn:
        before = conn.execute(counts).fetchone()
        conn.commit()
        child.kill()
        child.wait()
        assert conn.execute(counts).fetchone() == before
    made, again = world.ground(frozen, catalog), order(period=parse_period("2025-W23"))
    for _ in range(50):  # until the database has noticed that the process is gone
        try:
            assert freeze(made, again) == 1
            break
        except Conflict:
            time.sleep(0.1)
    else:
        pytest.fail("the lock of a killed process is still held")


def test_definitions_are_read_as_they_were_stored(frozen, tmp_path):
    with connect(frozen) as conn:
        stored = conn.execute(
            "SELECT definitions FROM sigang.report_version WHERE report = 'weekly' LIMIT 1"
        ).fetchone()[0]
    assert Definitions.load(stored).dump() == stored
    weekly = world.WEEKLY.replace('"whole"', '"overdue"', 1)
    other = world.declare(tmp_path / "areas", **{"weekly.report.toml": weekly})

    async def told(db):
        opened = await open_version(db, "weekly", WEEK, 1)
        return opened.told(PROVINCE, other)

    assert asked(frozen, told) == ["whole", "closed_on_time", "open", "cost"]


PERSONS = """
title = { zh = "数", en = "Number" }
period = "month"

[[items]]
indicator = "cases"
"""
PUBLIC_CASES = """
SELECT admin_code, sum(numerators[1]), sum(denominators[1]) FROM sigang.report_row
WHERE version_id = %s AND layer = 'cases' AND visibility = 'public' GROUP BY 1"""


def test_no_small_number_is_had_from_versions_beside_each_other(frozen, tmp_path):
    """All that anybody is told: the documents that all files are drawn from, and every level."""
    made = world.ground(
        frozen, world.declare(tmp_path / "areas", **{"persons.report.toml": PERSONS})
    )
    versions = []
    for number in (1, 2, 3):
        how = {"corrects": number - 1, "reason": "late row"} if number > 1 else {}
        assert freeze(made, order("persons", MONTH, **how)) == number
        versions.append(told_of_persons(frozen, number))
        with connect(frozen) as conn:
            conn.execute(
                "DELETE FROM sigang.event WHERE id = (SELECT id FROM sigang.event WHERE"
                " kind = 'incident' AND visibility = 'public' AND props->>'due_on' LIKE %s"
                " AND admin_code = %s ORDER BY severity, id LIMIT 1)",
                [f"{MONTH.id}%", ("330203", "330102", "330206")[number - 1]],
            )
    assert all(told for _, told in versions)
    assert list(leaks(versions, 5)) == []
    alone = [told_of_persons(frozen, number, alone=True) for number in (1, 2, 3)]
    assert any(leaks(alone, 5)), "each version by itself would give one away"


def told_of_persons(url, number, *, alone=False):
    """Return the public rows of a version by code, and what is told of them, by prefix."""
    document, manifest, *_, version = edition(url, "persons", MONTH, "public", number)
    with connect(url) as conn:
        rows = conn.execute(PUBLIC_CASES, [version]).fetchall()
    truth = dict.fromkeys([*(code for code, *_ in world.UNITS if code[4:] != "00"), None], (0, 0))
    truth |= {code: (int(a), int(b - a)) for code, a, b in rows}
    opened = asked(url, lambda db: open_version(db, "persons", MONTH, number))
    numbers = asked(url, lambda db: numbers_for(db, opened, ANONYMOUS, ["cases"]))
    tallies = numbers.tallies["cases"][0]
    if alone:
        suppress(tallies, opened.definitions.units, 5)
    every = {None: None} | {unit.prefix: unit.code for unit in opened.definitions.units.all()}
    plain = {p: tallies.of(p) for p in every if not tallies.of(p).suppressed}
    told = {p: (int(t.numerator), int(t.denominator - t.numerator)) for p, t in plain.items()}
    if not alone:  # documents, manifests and the numbers of readers say the same
        (item,) = document["items"]
        for line in [item["total"], *item["units"]]:
            tally = next(plain.get(p) for p, code in every.items() if code == line["unit"])
            sides = [digits(tally and tally.numerator), digits(tally and tally.denominator)]
            assert [line["numerator"], line["denominator"]] == sides
            assert ["cases", line["unit"], *sides] in manifest["values"]
    return truth, told


def test_a_report_lists_rows_as_they_stood(frozen, tmp_path):
    listing = world.listing("stretches", "rate")
    made = world.ground(frozen, world.declare(tmp_path / "areas", **listing))
    week = parse_period("2025-W21")
    with connect(frozen) as conn:
        conn.execute(world.STRETCHES)
        conn.commit()
    try:
        for version in (1, 2):
            again = {} if version == 1 else {"corrects": 1, "reason": "test"}
            assert freeze(made, replace(order("listing", week), **again)) == version
            (listed,) = edition(frozen, "listing", week, "province", version)[0]["lists"]
            assert listed["late"]
            assert listed["rows"] == []
        lists = read_listed(frozen, made.catalog, PROVINCE)
        assert [(row["unit"], row["values"]) for row in lists["rows"]] == [
            ("330206", [{"zh": "乙", "en": "B"}, "0.3333"]),
            ("330203", [{"zh": "甲", "en": "A"}, "0.25"]),
        ]
        assert lists["origins"] == ["synthetic"]
        county = read_listed(frozen, made.catalog, Actor("haishu", "duty", "330203"))
        assert [row["unit"] for row in county["rows"]] == ["330203"]
        assert "lists" not in edition(frozen, "listing", week, "public")[0]
    finally:
        with connect(frozen) as conn:
            conn.execute("DELETE FROM sigang.derived_row WHERE kind = 'stretches'")
            conn.commit()


def read_listed(url, catalog, actor):
    report = catalog.part(read_reports)["listing"]
    layer = next(one for one in catalog.list_layers() if one.id == "stretches")
    with connect(url) as conn:
        return listed_rows.read_listed(conn, report.lists[0], layer, actor, late=False)


def test_a_report_names_what_there_is(tmp_path):
    for number, (old, new, why) in enumerate(
        [
            ('"cost"', '"nope"', r"items\.3\.indicator: no indicator 'nope'"),
            ("map = true", "mapp = true", r"items\.0\.mapp"),
            ('"week"', '"day"', r"weekly\.report\.toml: period"),
            ('"cost"', '"open"', r"items: .*listed twice: open"),
            ("top = 2", "top = 0", r"items\.1\.top"),
        ]
    ):
        with pytest.raises(ConfigError, match=why):
            text = world.WEEKLY.replace(old, new, 1)
            world.declare(tmp_path / str(number), **{"weekly.report.toml": text})
    for number, (layer, column, why) in enumerate(
        [
            ("hazards", "cost", r"lists\.0\.layer: no computed layer 'hazards'"),
            ("stretches", "nope", r"lists\.0: stretches has no column 'nope'"),
            ("stretches", "name", r"lists\.0\.order: name is no number"),
        ]
    ):
        with pytest.raises(ConfigError, match=why):
            world.declare(tmp_path / f"list-{number}", **world.listing(layer, column))
    with pytest.raises(ConfigError, match=r"key\.report\.toml: id"):
        world.declare(tmp_path / "key", **{"key.report.toml": world.WEEKLY})
