"""The training network: what it promises to those who try things on it, and that it says so."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import networkx as nx
import pytest

from data.facts import read_facts
from data.sample.network.training import SOURCE, build_training, load_training

ANCHOR = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def training():
    return build_training(ANCHOR)


def test_it_is_one_network_and_a_pond_of_several_dozen_reaches(training):
    graph = nx.MultiGraph((r.start, r.end, r.key) for r in training.reaches)
    sizes = sorted(len(part) for part in nx.connected_components(graph))
    assert len(training.reaches) >= 48
    assert sizes == [3, len(graph) - 3]
    at = {j.key: j.point.coords[0] for j in training.junctions}
    for reach in training.reaches:
        assert (reach.line.coords[0], reach.line.coords[-1]) == (at[reach.start], at[reach.end])


def test_a_voyage_on_the_canal_goes_through_six_locks_of_two_chambers(training):
    oneways = {r.key for r in training.reaches if r.oneway}
    ways = [(r.start, r.end, r) for r in training.reaches]
    ways += [(r.end, r.start, r) for r in training.reaches if r.key not in oneways]
    graph = nx.DiGraph([(a, b, {"reach": r}) for a, b, r in ways if "canal" in told(r)])
    path = nx.shortest_path(graph, "w0", "e0")
    passed = [graph[a][b]["reach"] for a, b in itertools.pairwise(path)]
    locks = [r.key for r in passed if r.structure == "lock"]
    chambers = Counter(o.site for o in training.openings if o.kind == "chamber")
    assert locks == ["t1", "t2", "t3", "t4", "t5", "t6"]
    assert [chambers[f"lock/{key}"] for key in locks] == [2] * 6
    assert {r.key for r in passed} & {"k14n", "k14s"} == {"k14n"}, "against a one-way reach"


def told(reach):
    return read_facts("training_waterways")["reach"][reach.key]["of"]


def test_a_bridge_of_several_openings_is_highest_in_one_of_them(training):
    heights = [
        (limit.opening, limit.value)
        for limit in training.limits
        if limit.site == "bridge/b2" and limit.kind == "clearance"
    ]
    assert heights == [(1, 5.0), (2, 7.0), (3, 5.0)]


def test_a_limit_of_the_level_names_gauge_datum_and_reference(training):
    gauges = {site.key for site in training.sites if site.kind == "gauge"}
    for limit in training.limits:
        depends = limit.kind in {"depth", "sill", "clearance"}
        assert (limit.gauge in gauges) == depends, limit
        assert (limit.reference_level_m is not None) == depends
        assert limit.datum == ("1985" if depends else None)


def test_what_is_planted_as_not_known_is_not_known(training):
    unknown = {(one.reach or one.site, one.kind) for one in training.limits if one.value is None}
    assert unknown == {("v02", "depth"), ("bridge/b9", "clearance")}
    assert [r.key for r in training.reaches if r.width_m is None] == ["v03"]
    assert "gauge/silent" not in {level.gauge for level in training.levels}


def test_no_reach_crosses_the_weir(training):
    (weir,) = [site for site in training.sites if site.kind == "weir"]
    assert weir.reaches == ()
    assert min(reach.line.distance(weir.shape) for reach in training.reaches) > 0.0005


def test_readings_lie_before_the_day_and_forecasts_from_it_on(training):
    last: dict[str, datetime] = {}
    for level in training.levels:
        assert level.forecast == (level.at >= ANCHOR)
        assert level.issued_at == (ANCHOR if level.forecast else level.at)
        assert not level.forecast or level.p10_m < level.p50_m < level.p90_m
        assert last.get(level.gauge, level.at) <= level.at
        last[level.gauge] = level.at
    river = [one for one in training.levels if one.gauge == "gauge/river" and one.forecast]
    assert river[-1].at - river[0].at > timedelta(days=29)
    assert river[0].p50_m - river[-1].p50_m > 1.0, "a month in which the river falls"
    widths = [one.p90_m - one.p10_m for one in river]
    assert widths == sorted(widths)


def test_the_tide_opens_the_tide_lock_for_some_hours_of_a_day(training):
    tide = [one.p50_m for one in training.levels if one.gauge == "gauge/tide" and one.forecast]
    (sill, _) = [one for one in training.limits if one.site == "lock/t8" and one.kind == "sill"]
    enough = [sill.value + level - sill.reference_level_m >= 2.5 for level in tide[:96]]
    assert 0.2 < sum(enough) / len(enough) < 0.9
    assert sum(a != b for a, b in itertools.pairwise(enough)) >= 6


def test_it_is_written_as_synthetic_and_twice_the_same(conn):
    load_training(conn, ANCHOR)
    counts = "SELECT count(*), count(*) FILTER (WHERE origin = 'synthetic'), min(id::text) FROM "
    tables = ["edge", "node", "facility", "zone", "waterway_limit"]
    first = [conn.execute(f"{counts}sigang.{table}").fetchone() for table in tables]
    assert all(total == synthetic > 0 for total, synthetic, _ in first)
    load_training(conn, ANCHOR)
    again = [conn.execute(f"{counts}sigang.{table}").fetchone() for table in tables]
    assert [row[:2] for row in again] == [row[:2] for row in first]
    assert [row[2] for row in again[:4]] == [row[2] for row in first[:4]]
    named = conn.execute(
        "SELECT count(*) FROM sigang.edge WHERE source_id = %s AND name_zh LIKE '训练%%（合成）'"
        " AND name_en LIKE '%%(synthetic)'",
        [SOURCE],
    ).fetchone()
    assert named == (first[0][0],)
    carried = conn.execute(
        "SELECT count(*) FROM sigang.edge_structure s JOIN sigang.edge e ON e.id = s.edge_id"
        " JOIN sigang.structure_opening o USING (facility_id)"
        " WHERE e.structure = 'lock' AND s.relation = 'carries'"
    ).fetchone()
    assert carried == (17,)
