"""Arrays and ids of the graph, figures of a path, and the cache of metrics."""

from uuid import UUID

import numpy as np
import pytest

from routing.answer.summary import summarise
from routing.cost.profile import load_profiles
from routing.graph.adjacency import expand
from routing.graph.graph import Coded, Ids
from routing.query import metric_cache
from spatial.errors import ConfigError
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import Town

SQUARE = "A----B\n|    |\nC----D"


def test_ids_with_an_equal_half_are_told_apart():
    ids = [UUID(int=(high << 64) | low) for high, low in ((1, 7), (2, 7), (1, 8), (2**63, 2**63))]
    found = Ids.of(ids)
    assert [found.find(i) for i in ids] == [0, 1, 2, 3]
    assert found.find(UUID(int=(3 << 64) | 7)) is None
    assert found.find(UUID(int=9)) is None
    assert [found.get(n) for n in range(4)] == ids


def test_coded_texts_keep_null():
    column = Coded.of(["a", None, "b", "a"])
    assert [column.get(i) for i in range(4)] == ["a", None, "b", "a"]
    assert column.mask(["a"]).tolist() == [True, False, False, True]
    assert np.isnan(column.spread({"a": 1.0})).tolist() == [False, True, True, False]


def test_expand_joins_ranges():
    assert expand(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert expand(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_the_weakest_basis_is_told():
    posted = {"speed_kmh": 60.0, "speed_basis": "posted"}
    measured = {"speed_kmh": 60.0, "speed_basis": "measured"}
    town = Town(SQUARE, {"AB": measured, "BD": posted, "AC": measured, "CD": {}})
    told = {}
    for ends in ("AB", "AD", "AC", "CD"):
        found = town.find(*ends)
        told[ends] = summarise(town.graph.edges, found, found.legs)
    assert {ends: t.basis for ends, t in told.items()} == {
        "AB": "measured", "AD": "posted", "AC": "measured", "CD": "assumed",
    }  # fmt: skip
    assert told["AD"].basis_share == {"measured": 0.5, "posted": 0.5}
    assert told["AD"].duration_s == pytest.approx(120)


def test_refs_and_origins_follow_the_path():
    roads = {"AB": {"ref": "G1"}, "BD": {"ref": "S2", "origin": "real"}, "AC": {}, "CD": {}}
    town = Town(SQUARE, {**roads, "CD": {"length_m": 9000.0}})
    found = town.find("D", "A")
    told = summarise(town.graph.edges, found, found.legs)
    assert told.refs == ["S2", "G1"]
    assert told.origin_share == {"synthetic": 0.5, "real": 0.5}


def test_only_the_metrics_used_last_are_kept(monkeypatch):
    monkeypatch.setattr(metric_cache, "KEPT_METRICS", 4)
    drawing = "A----B----C----D\n|    |    |    |\nE----F----G----H"
    names = ["AB", "BC", "CD", "AE", "BF", "CG", "DH", "EF", "FG", "GH"]
    town = Town(drawing, {name: {} for name in names})
    pairs = [("AB", n) for n in ("BF", "CG", "DH")] + [("CD", n) for n in ("AE", "BF")]
    pairs += [("BC", n) for n in ("AE", "BF", "CG", "DH")]
    for pair in pairs:
        edges = [names.index(name) for name in pair]
        found = town.find("A", "D", avoid_edges=[town.graph.edges.row_id(e) for e in edges])
        assert not set(edges) & set(found.legs[0].edges.tolist())
    assert len(town.network._metrics) == 4


def test_a_mistyped_profile_names_file_and_key(tmp_path):
    (tmp_path / ROAD.name).mkdir()
    (tmp_path / ROAD.name / "bus.toml").write_text('id = "bus"\nspeeed = 3\n')
    with pytest.raises(ConfigError) as wrong:
        load_profiles(ROAD, tmp_path)
    assert "bus.toml" in wrong.value.en
    assert "speeed" in wrong.value.en
