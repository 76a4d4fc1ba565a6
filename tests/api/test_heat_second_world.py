"""A second world of enforcement, with other places and seed: what is planted is found as well."""

from __future__ import annotations

import asyncio
import os
import shutil
import tomllib
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from api.cli.parser import parse
from api.cli.report import report
from api.jobs import freezing
from api.jobs.freezing import Freezer
from api.jobs.store import runner
from api.network.edge_rows import make_graph, read_rows
from api.network.rule_models import RuleBook, read_rules
from data.generate.cases import write_cases
from data.generate.shifts import enforcement
from data.generate.world import SOURCE, TRUNK, read_roads
from layers.computed.catalogue import read_computed
from layers.computed.store import Made, exchange
from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.processes.registry import check_inputs, find_processes
from layers.processes.runtime.model import Sources
from layers.processes.runtime.run import read_scene
from layers.reports.catalogue import read_reports
from layers.reports.check import check_stored
from layers.reports.document import stamp
from layers.reports.files import draw_file, drawn_names
from layers.reports.keys import known_keys
from layers.reports.package import pack
from layers.reports.store import list_editions, read_files
from routing.query.snapping import Snapper
from routing.statistics.network_density import cut_into_lixels, network_density
from spatial.actor import Actor
from spatial.ids import uuid7
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import MOTOR
from spatial.postgres.db import Database, connect
from spatial.settings import PROJECT, Settings
from tests.api.test_heat_truths import DAY, NIGHT, names
from tests.conftest import ANCHOR
from tests.harness import HOME_VARIABLE
from tests.routing.simple_kernel import simple_kernel

pytestmark = pytest.mark.db

SECOND = tomllib.loads(Path(__file__).with_name("heat_second_truths.toml").read_text("utf-8"))
TRUTHS, SLICES = SECOND["truths"], enforcement()["weeks"]
DESK = Actor("desk", "dispatcher", "330000", "330000-desk")
BULLETIN, WEEK = "enforcement_weekly", "2026-W09"
BANDWIDTH_M, HOT = 2000.0, 2.2
"""Hot is what lies so far above what a single post makes of its own finds."""
AROUND = """
SELECT e.from_node::text, e.to_node::text, e.length_m, ST_AsBinary(e.geom) FROM sigang.edge e
WHERE e.mode = 'road' AND e.class = ANY(%(classes)s)
  AND e.geom && ST_Expand(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), 0.1)"""
POSTS = """
SELECT ST_X(geom), ST_Y(geom), sum((props ->> 'hits')::int)::int FROM sigang.case_file
WHERE kind = 'inspection' AND stage <> 'withdrawn'
  AND geom && ST_Expand(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), 0.06) GROUP BY geom
ORDER BY geom <-> ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) LIMIT %(posts)s"""


def plan():
    told = SECOND["plan"]
    return enforcement() | told


@pytest.fixture(scope="module")
def world(module_sample_url):
    """Return the URL of the sample with the second world's enforcement in place of its own."""
    with connect(module_sample_url) as conn:
        roads = read_roads(conn)
        conn.execute("DELETE FROM sigang.case_file WHERE source_id = %s", [SOURCE])
        assert write_cases(conn, roads, ANCHOR, plan()) > 10_000
        conn.commit()
    return module_sample_url


async def read_roads_of(db):
    """Return what the density needs of the network of the sample."""
    async with db.session(DESK) as conn:
        graph = make_graph(await read_rows(conn, ROAD, MOTOR), ROAD, MOTOR)
    return SimpleNamespace(graph=graph, version=1, snapper=Snapper(graph, {}))


@pytest.fixture(scope="module")
def ask(world):
    """Return the outputs of a process over the second world, each once."""
    known = {}
    rules = RuleBook.of(read_rules(), ANCHOR).at(ANCHOR)
    catalog = Catalog.load(PROJECT / "layers" / "areas")

    async def run(process, inputs):
        db = await Database.open(Settings(database_url=world), world)
        try:
            sources = Sources(db, catalog, DESK, lambda _: read_roads_of(db), {"rules": rules})
            return process.run(inputs, await read_scene(process, inputs, sources))
        finally:
            await db.close()

    def asked(name, **inputs):
        key = f"{name} {inputs}"
        if key not in known:
            process = find_processes()[name]
            known[key] = asyncio.run(run(process, check_inputs(process, inputs)))
        return known[key]

    return asked


@pytest.fixture(scope="module")
def stretches(ask):
    def told(hours=None):
        more = {} if hours is None else {"hours": hours}
        found = ask("hot-stretches", slices=SLICES, **more).stretches.features
        return [one["properties"] for one in found]

    return told


def test_hot_stretches_their_trends_and_the_over_patrolled_one_are_found(stretches):
    found = stretches()
    assert names(found, state="hot") == TRUTHS["hot"]
    assert names(found, state="hot", trend="rising") == TRUTHS["rising"]
    assert names(found, state="hot", trend="falling") == TRUTHS["falling"]
    rated = [one for one in found if one["rate"] is not None]
    assert max(rated, key=lambda s: s["events"])["name"] == TRUTHS["over_patrolled"]
    assert min(rated, key=lambda s: s["rate"])["name"] == TRUTHS["over_patrolled"]


def test_what_is_hot_by_night_alone_is_found_by_night_alone(stretches):
    assert names(stretches(DAY), state="hot") == TRUTHS["hot"]
    assert names(stretches(NIGHT), state="hot") == sorted([*TRUTHS["hot"], *TRUTHS["hot_by_night"]])


def test_withdrawn_late_and_uninspected_ones_are_what_they_are(stretches):
    found, gone = stretches(), TRUTHS["withdrawn"]
    there = [
        s for s in found if s["route"] == gone["route"] and s["k_from"] <= gone["k_m"] < s["k_to"]
    ]
    assert [s["state"] for s in there] == ["not_inspected"]
    (late,) = [s for s in found if s["name"] == TRUTHS["late"]]
    assert (late["state"], late["slices"]) == ("ordinary", SLICES)
    for county in SECOND["plan"]["uninspected"]:
        assert {s["state"] for s in found if s["admin_code"] == county} == {"not_inspected"}


def test_classes_are_found_where_they_are_planted_and_nowhere_else(ask):
    cells = [one["properties"] for one in ask("heat-space-time", slices=SLICES).cells.features]
    classed = [c for c in cells if c["space_time"] not in {"no_pattern", "too_short"}]
    assert {c["admin_code"] for c in classed} == set(TRUTHS["classes"].values())
    for name, county in TRUTHS["classes"].items():
        assert {c["admin_code"] for c in classed if c["space_time"] == name} == {county}


def test_the_scan_finds_what_is_planted_far_above_all_else(ask):
    found = ask("heat-scan", replications=99)
    told = [one["properties"] for one in found.clusters.features]
    far = [one for one in told if one["relative_risk"] > 2]
    planted = {TRUTHS["classes"][name] for name in ("intensifying_hot", "diminishing_hot")}
    assert {one["admin_code"] for one in far} == planted == {
        one["admin_code"] for one in told[: len(planted)]
    }  # fmt: skip
    assert all(one["p"] == 0.01 for one in far)


@pytest.mark.parametrize("kernel", ["continuous", "discontinuous"])
def test_density_along_the_roads_of_the_sample_keeps_every_hit(ask, kernel):
    found = ask("network-heat", kernel=kernel)
    summary = found.summary
    assert summary.mass == pytest.approx(summary.events, rel=1e-9)
    assert summary.off_road == 0 and summary.events > 10_000
    assert summary.cut < 0.1 * summary.events
    assert len(found.lixels.features) == summary.lixels > 1_000


def junction(url, place):
    """Return main roads about a place as lixels, and the posts on them with what they found."""
    posts = enforcement()["junction"]["posts"]
    where = {"lon": place[0], "lat": place[1], "classes": list(TRUNK), "posts": posts}
    with connect(url) as conn:
        edges = conn.execute(AROUND, where).fetchall()
        found = conn.execute(POSTS, where).fetchall()
    number: dict[str, int] = {}
    ends = [[number.setdefault(node, len(number)) for node in edge[:2]] for edge in edges]
    lines = [shapely.from_wkb(edge[3]) for edge in edges]
    length = np.array([edge[2] for edge in edges])
    points = shapely.points([p[:2] for p in found])
    edge = shapely.STRtree(lines).query_nearest(points, all_matches=False)[1]
    share = [lines[e].project(p, normalized=True) for e, p in zip(edge, points, strict=True)]
    hits = np.array([p[2] for p in found], float)
    return cut_into_lixels(ends, length, 50.0), edge, np.array(share) * length[edge], hits


@pytest.mark.parametrize("place", [enforcement()["junction"]["place"], None])
def test_a_junction_is_hot_by_a_kernel_that_does_not_split_and_by_no_other(
    place, world, sample_url
):
    url = sample_url if place else world
    found = junction(url, place or SECOND["plan"]["junction"]["place"])
    lixels, _, _, hits = found
    assert len(hits) == 6
    bar = HOT * hits.max() * 15 / 16 / BANDWIDTH_M
    for split in ("continuous", "discontinuous"):
        density = network_density(*found, BANDWIDTH_M, split, least_share=1e-4)
        assert density.mass.sum() == pytest.approx(hits.sum(), rel=1e-9)
        assert density.cut < 0.1 * hits.sum()
        assert density.per_m.max() < bar, split
    simple = simple_kernel(*found, BANDWIDTH_M)
    assert simple.max() > bar
    mass = simple @ (lixels.to_m - lixels.from_m)
    assert mass > 1.3 * hits.sum()


def bulletin_alone(folder):
    """Write the declarations with the bulletin as their only report."""
    areas = shutil.copytree(PROJECT / "layers" / "areas", folder / "areas")
    for file in areas.glob("*/*.report.toml"):
        if file.name != f"{BULLETIN}.report.toml":
            file.unlink()
    return areas


async def frozen_by_itself(settings, catalog, rules, features, now):
    """Keep stretches as rows of their layer, and let a server's freezer look once what is due."""
    told, url = asyncio.Queue(), settings.database_url
    db = await Database.open(settings, url)
    try:
        layer = catalog.part(read_computed)["hot_stretches"]
        async with runner(db) as conn, conn.transaction():
            made = Made("test", ("law.heat_stretches@test",), ("synthetic",))
            assert await exchange(conn, layer, uuid7(), made, None, features) == len(features)
        freezer = Freezer(settings, db, catalog, SimpleNamespace(current=rules), lambda: now)
        carry_out = freezer.carry_out

        async def noted(order):
            told.put_nowait(await carry_out(order))
            return {}

        freezer.carry_out = noted
        await freezer.start()
        try:
            return await asyncio.wait_for(told.get(), 120)
        finally:
            await freezer.stop()
    finally:
        await db.close()


def test_the_bulletin_is_frozen_on_time_with_the_hot_stretches_of_each_county(
    world, ask, tmp_path, monkeypatch
):
    """The week ended eight hours ago: a server freezes it by itself, and it is verified offline."""
    monkeypatch.setattr(freezing, "FIRST_S", 0.0)
    features = ask("hot-stretches", slices=SLICES).stretches.features
    areas, home = bulletin_alone(tmp_path), Path(os.environ[HOME_VARIABLE])
    settings = Settings(database_url=world, home=home, areas=areas, pool_size=2)
    catalog = Catalog.load(areas, read_indicators, read_reports, read_computed)
    with connect(world) as conn:
        conn.execute("ALTER TABLE sigang.rule DISABLE TRIGGER USER")
        conn.execute("UPDATE sigang.rule SET value = jsonb_set(value, '{week,back}', '1')"
                     " WHERE key = 'office.report_clock'")  # fmt: skip
        conn.commit()
    now = ANCHOR + timedelta(hours=8, minutes=1)
    rules = RuleBook.of(read_rules(), now).at(now)
    told = asyncio.run(frozen_by_itself(settings, catalog, rules, features, now))
    assert told == {"frozen": [[BULLETIN, WEEK]]}
    with connect(world) as conn:
        editions = {row["audience"]: row for row in list_editions(conn)}
        assert not any(dict(check_stored(conn, known_keys(home))).values())
        edition = editions["province"]
        document, manifest = edition["document"], edition["manifest"]
        files = read_files(conn, edition["version_id"], "province")
    assert (document["retroactive"], document["frozen_at"]) == (False, stamp(now))
    hot = [one["properties"] for one in features if one["properties"]["state"] == "hot"]
    (listed,) = document["lists"]
    assert not listed["late"]
    assert sorted((row["unit"], row["values"][0]) for row in listed["rows"]) == sorted(
        (one["admin_code"], one["name"]) for one in hot
    )
    assert [float(row["values"][1]) for row in listed["rows"]] == sorted(
        (pytest.approx(one["rate"], abs=1e-4) for one in hot), key=lambda a: -a.expected
    )
    assert "lists" not in editions.get("public", {}).get("document", {})
    files |= {n: draw_file(n, document, edition["outlines"], []) for n in drawn_names(document)}
    page = files["report.html"].decode()
    assert all(one["name"] in page for one in hot) and len(hot) == len(TRUTHS["hot"])
    seal = {name: edition[name] for name in ("sha256", "key", "signature")}
    (tmp_path / "report.zip").write_bytes(pack(manifest, seal, files))
    words = ["report", "verify", str(tmp_path / "report.zip"), "--key", edition["key"]]
    assert report(Settings(home=tmp_path / "none"), parse(words)) == 0
