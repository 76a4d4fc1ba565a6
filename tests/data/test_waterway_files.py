"""Waterways in an authority's own tables: what is taken, what is refused why, and real networks."""

import gzip
import itertools
import json
from collections import Counter
from pathlib import Path

import networkx as nx
import pytest

from data.waterway.load import load_waterway
from spatial.errors import ConfigError, Quarantined

SHARED = Path(__file__).parents[3] / "shared" / "data" / "water"
HEAD = """
datum = "WGS84"
visibility = "public"
[source]
id = "authority"
title = { zh = "航道局", en = "Authority" }
license = "CC-BY-4.0"
attribution = "Authority"
"""
TABLES = """
[reaches]
file = "reaches.csv"
columns = { key = "编号", class = "等级", name_zh = "名称" }
translate = { class = { "四级" = "IV" } }
place = { wkt = "线" }
[sites]
file = "sites.csv"
place = { lon = "lon", lat = "lat" }
[openings]
file = "openings.csv"
[limits]
file = "limits.csv"
values = { datum = "1985" }
[levels]
file = "levels.csv"
"""
FILES = {
    "reaches.csv": """编号,等级,名称,线,备注
A,四级,甲河,"LINESTRING (120.70 30.70, 120.71 30.70)",x
L,四级,甲闸,"LINESTRING (120.71 30.70, 120.712 30.70)",
B,四级,甲河,"LINESTRING (120.712 30.70, 120.73 30.70)",
W,四级,堰,"LINESTRING (120.712 30.70, 120.712 30.69)",
A,四级,再来,"LINESTRING (120.70 30.70, 120.70 30.71)",
P,四级,点,"POINT (120.7 30.7)",
C,九级,错,"LINESTRING (120.73 30.70, 120.74 30.70)",
""",
    "sites.csv": """key,kind,reach,lon,lat,datum,name_zh
lock,lock,L,120.711,30.70,,甲闸
bridge,bridge,B,120.72,30.70,,甲桥
weir,weir,W,120.712,30.695,,甲堰
g1,gauge,,120.70,30.70,1985,甲站
lost,bridge,Z,120.70,30.70,,乙桥
""",
    "openings.csv": """site,number,hours,lockage_s
lock,1,,1800
lock,2,06:00-18:00,1500
bridge,1,,
nobody,1,,
""",
    "limits.csv": """reach,site,opening,kind,value,reference_level_m,gauge
A,,,depth,2.5,0.66,g1
B,,,depth,,0.66,g1
,lock,1,length,200,,
,bridge,1,clearance,7,1.66,g1
,bridge,3,clearance,9,1.66,g1
A,,,depth,2.5,0.66,g9
A,,,depth,2.5,0.66,
A,lock,,depth,2,,
A,,,width,-3,,
A,,,beauty,3,,
""",
    "levels.csv": """gauge,at,issued_at,p10_m,p50_m,p90_m
g1,2026-03-01 08:00,,,1.20,
g1,2026-03-02 08:00,2026-03-01 08:00,1.1,1.2,1.3
g1,2026-03-02 08:00,2026-03-01 08:00,1.1,1.2,1.3
g1,2026-03-02 08:00,2026-03-01 08:00,1.4,1.2,1.3
g1,yesterday,,,1.2,
""",
}


@pytest.fixture
def load(conn, tmp_path):
    def run(mapping=HEAD + TABLES, files=FILES, **options):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        path = tmp_path / "network.toml"
        path.write_text(mapping, encoding="utf-8")
        told = []
        report = load_waterway(conn, path, told.append, **options)
        return report, told

    return run


def rows(conn, statement, *params):
    return conn.execute(statement, params or None).fetchall()


def test_good_rows_are_taken_and_bad_ones_refused_with_their_reason(conn, load, units):
    report, told = load()
    assert report.rows == {
        "edge": 3, "node": 4, "facility": 4, "edge_structure": 2, "structure_opening": 3,
        "waterway_limit": 4, "water_level": 2,
    }  # fmt: skip
    assert report.refused == {
        "bad-value": 7, "bad-geometry": 1, "duplicate-id": 2, "unknown-reach": 1,
        "unknown-site": 1, "unknown-opening": 1, "unknown-gauge": 1,
    }  # fmt: skip
    assert report.told["reaches left out: over a weir"] == 1
    assert "reaches: not read: 备注" in told
    edges = rows(
        conn,
        "SELECT props ->> 'source_key', class, name_zh, structure, admin_code, round(length_m)"
        " FROM sigang.edge ORDER BY 1",
    )
    assert edges[0] == ("A", "IV", "甲河", None, "330100", 958)
    assert [edge[0] for edge in edges] == ["A", "B", "L"]
    assert [edge[3] for edge in edges] == [None, None, "lock"]
    found = rows(
        conn,
        "SELECT l.kind, l.value, l.datum, l.reference_level_m, g.name_zh FROM sigang.waterway_limit"
        " l LEFT JOIN sigang.facility g ON g.id = l.gauge_id ORDER BY 1, 2",
    )
    assert found == [
        ("clearance", 7.0, "1985", 1.66, "甲站"),
        ("depth", 2.5, "1985", 0.66, "甲站"),
        ("depth", None, "1985", 0.66, "甲站"),
        ("length", 200.0, "1985", None, None),
    ]
    assert rows(conn, "SELECT kind, p50_m FROM sigang.water_level ORDER BY at") == [
        ("reading", 1.2),
        ("forecast", 1.2),
    ]


def test_refused_rows_tell_table_file_and_row(conn, load, tmp_path):
    report, _ = load()
    kept = rows(
        conn,
        "SELECT row_no, reason, row ->> 'table', detail FROM sigang.quarantine WHERE load_id = %s"
        " AND reason LIKE 'unknown%%' ORDER BY id",
        report.load_id,
    )
    assert [row[:3] for row in kept] == [
        (5, "unknown-reach", "sites"), (4, "unknown-site", "openings"),
        (5, "unknown-opening", "limits"), (6, "unknown-gauge", "limits"),
    ]  # fmt: skip
    assert all(row[3].startswith(f"{row[2]}.csv: ") for row in kept)


def test_a_dry_run_changes_nothing_and_tells_the_same(conn, load, tmp_path):
    tried, _ = load(dry_run=True, bad_rows=tmp_path / "bad.csv")
    assert rows(conn, "SELECT count(*) FROM sigang.edge") == [(0,)]
    assert (tmp_path / "bad.csv").read_text("utf-8-sig").count("unknown-gauge") == 1
    report, _ = load()
    assert (tried.rows, tried.refused, tried.told) == (report.rows, report.refused, report.told)


def test_levels_that_are_not_in_metres_are_refused(load):
    tails = {"key": ",highest_navigable_level_m,lowest_navigable_level_m", "g1": ",3.3,0.66"}
    sites = "".join(
        f"{line}{tails.get(line.split(',')[0], ',,')}\n" for line in FILES["sites.csv"].splitlines()
    )
    files = {
        **FILES,
        "sites.csv": sites,
        "levels.csv": FILES["levels.csv"]
        + "g1,2026-03-01 09:00,,,275,\ng1,2026-03-01 10:00,,,8,\n",
        "limits.csv": FILES["limits.csv"] + "A,,,depth,2.5,66,g1\nA,,,depth,1e9,0.66,g1\n",
    }
    before, _ = load()
    after, _ = load(files=files)
    assert after.refused == before.refused | {"bad-value": before.refused["bad-value"] + 3}
    assert after.rows["water_level"] == before.rows["water_level"] + 1


def test_loading_again_replaces_and_keeps_ids(conn, load):
    load()
    ids = rows(conn, "SELECT id FROM sigang.edge UNION SELECT id FROM sigang.facility ORDER BY 1")
    load()
    again = rows(conn, "SELECT id FROM sigang.edge UNION SELECT id FROM sigang.facility ORDER BY 1")
    assert again == ids
    assert rows(conn, "SELECT count(*) FROM sigang.waterway_limit") == [(4,)]


@pytest.mark.parametrize(
    ("mapping", "problem", "said"),
    [
        (HEAD, ConfigError, "reaches"),
        (HEAD.replace('datum = "WGS84"', "") + TABLES, Quarantined, "datum"),
        (HEAD + TABLES.replace('key = "编号"', 'key = "编码"'), ConfigError, "编码"),
        (HEAD + TABLES.replace("class =", "rank ="), ConfigError, "reaches.columns.rank"),
        (HEAD + TABLES.replace('"levels.csv"', '"none.csv"'), Quarantined, "none.csv"),
        (HEAD.replace("[source]", "max_bad_share = 0.1\n[source]") + TABLES, Quarantined, "14 of"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_refused_and_changes_nothing(
    conn, load, mapping, problem, said
):
    load()
    with pytest.raises(problem, match=said):
        load(mapping)
    conn.rollback()
    assert rows(conn, "SELECT count(*) FROM sigang.edge") == [(3,)]


def shared(name):
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"../shared/data/water/{name} is not there")
    return json.loads(gzip.decompress(path.read_bytes()))


def network(conn):
    graph = nx.MultiGraph()
    for start, end, length, key in rows(
        conn,
        "SELECT from_node::text, to_node::text, length_m, props ->> 'source_key' FROM sigang.edge",
    ):
        graph.add_edge(start, end, key=key, length=length)
    return graph


def test_the_dutch_network_keeps_parallel_sections_and_all_of_its_components(conn, load, tmp_path):
    body = shared("nl-vaarwegvakken-2017.geojson.gz")
    mapping = (
        HEAD
        + """
[reaches]
file = "nl.geojson"
columns = { key = "VWK_ID", start = "VWJ_ID_BEG", end = "VWJ_ID_END", name_en = "VWG_NAAM" }
"""
    )
    report, _ = load(mapping, {"nl.geojson": json.dumps(body)})
    assert (report.rows["edge"], report.rows["node"], report.rows_bad) == (3721, 3336, 0)
    graph = network(conn)
    assert sorted(map(len, nx.connected_components(graph))) == [3, 4, 3329]
    assert sum(graph.number_of_edges(a, b) > 1 for a, b in set(graph.edges())) == 9


def test_the_rhine_case_gives_back_its_route_its_locks_and_its_bridges(conn, load):
    """Lengths are geodesic; the case counts a degree of longitude as one of latitude."""
    body = shared("eu-waterway-mainz2cologne.json.gz")
    route = body["route"]
    features, sites, told = [], [], set()
    for step in route:
        said = step["properties"]
        start, end = said["e"]
        told.add(frozenset((start, end)))
        key = f"step/{said['step']}/{said['segment']}"
        features.append(feature(step["geometry"], key, start, end))
        structure = said["structure"]
        if structure and structure["structure_type"] in {"Lock", "Bridge"}:
            lon, lat = step["geometry"]["coordinates"][0]
            kind = structure["structure_type"].lower()
            sites.append(f"{structure['structure_id']},{kind},{key},{lon},{lat}")
    for quantity in body["quantities"].values():
        for one in quantity["features"]:
            ends = one["properties"]["source"], one["properties"]["target"]
            if frozenset(ends) not in told:
                told.add(frozenset(ends))
                features.append(feature(one["geometry"], f"edge/{len(features)}", *ends))
    mapping = (
        HEAD
        + """
[reaches]
file = "edges.geojson"
[sites]
file = "sites.csv"
place = { lon = "lon", lat = "lat" }
"""
    )
    files = {
        "edges.geojson": json.dumps({"type": "FeatureCollection", "features": features}),
        "sites.csv": "\n".join(["key,kind,reach,lon,lat", *sites]),
    }
    report, _ = load(mapping, files)
    kinds = Counter(dict(rows(conn, "SELECT kind, count(*) FROM sigang.facility GROUP BY 1")))
    assert kinds == {"lock": 49, "bridge": 109}
    assert report.refused.get("unknown-reach", 0) == 0
    graph = network(conn)
    node = dict(
        rows(conn, "SELECT props ->> 'source_key', from_node::text FROM sigang.edge")
    )  # the node that each reach starts at
    for segment in range(3):
        steps = [s["properties"] for s in route if s["properties"]["segment"] == segment]
        keys = [f"step/{s['step']}/{s['segment']}" for s in steps if s["e"][0] != s["e"][1]]
        path = nx.shortest_path(graph, node[keys[0]], end_of(conn, keys[-1]), weight="length")
        passed = [min(graph[a][b]) for a, b in itertools.pairwise(path)]
        assert passed == keys
        structures = [
            key for reach in passed for (key,) in rows(
                conn,
                "SELECT f.props ->> 'source_key' FROM sigang.edge_structure s"
                " JOIN sigang.edge e ON e.id = s.edge_id JOIN sigang.facility f"
                " ON f.id = s.facility_id WHERE e.props ->> 'source_key' = %s", reach,
            )
        ]  # fmt: skip
        assert structures == [
            s["structure"]["structure_id"] for s in steps
            if s["structure"] and s["structure"]["structure_type"] in {"Lock", "Bridge"}
        ]  # fmt: skip


def feature(geometry, key, start, end):
    properties = {"key": key, "start": start, "end": end}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def end_of(conn, key):
    (row,) = rows(
        conn, "SELECT to_node::text FROM sigang.edge WHERE props ->> 'source_key' = %s", key
    )
    return row[0]
