"""A second world of enforcement, with other places and seed: what is planted is found as well."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import numpy as np
import pytest
import shapely

from api.network.rule_models import RuleBook, read_rules
from data.generate.cases import write_cases
from data.generate.shifts import enforcement
from data.generate.world import SOURCE, TRUNK, read_roads
from layers.declare.catalog import Catalog
from layers.processes.registry import check_inputs, find_processes
from layers.processes.runtime.model import Sources
from layers.processes.runtime.run import read_scene
from routing.statistics.network_density import cut_into_lixels, network_density
from spatial.actor import Actor
from spatial.postgres.db import Database, connect
from spatial.settings import PROJECT, Settings
from tests.api.test_heat_truths import DAY, NIGHT, names
from tests.conftest import ANCHOR
from tests.routing.simple_kernel import simple_kernel

pytestmark = pytest.mark.db

SECOND = tomllib.loads(Path(__file__).with_name("heat_second_truths.toml").read_text("utf-8"))
TRUTHS, SLICES = SECOND["truths"], enforcement()["weeks"]
DESK = Actor("desk", "dispatcher", "330000", "330000-desk")
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


@pytest.fixture(scope="module")
def ask(world):
    """Return the outputs of a process over the second world, each once."""
    known = {}
    rules = RuleBook.of(read_rules(), ANCHOR).at(ANCHOR)
    catalog = Catalog.load(PROJECT / "layers" / "areas")

    async def run(process, inputs):
        db = await Database.open(Settings(database_url=world), world)
        try:
            sources = Sources(db, catalog, DESK, None, {"rules": rules})
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
