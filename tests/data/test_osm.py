import subprocess
import sys
from pathlib import Path

import networkx as nx
import psycopg
import pytest

from data.osm.load import load_osm
from spatial.errors import BadParameter, NotFound, Quarantined
from tests.conftest import shared_path
from tests.data.osm_maps import Map

pytestmark = pytest.mark.db


@pytest.fixture
def load(conn: psycopg.Connection, tmp_path: Path):
    def run(drawn: Map, region: str = "test"):
        return load_osm(conn, drawn.write(tmp_path / "map.osm.pbf"), region, lambda line: None)

    return run


def edges(conn: psycopg.Connection) -> dict[str, dict]:
    """Return edges by `way/segment` with their node letters."""
    rows = conn.execute(
        "SELECT e.props ->> 'osm_way' || '/' || (e.props ->> 'segment') AS key,"
        " (a.props ->> 'osm_node')::int AS tail, (b.props ->> 'osm_node')::int AS head, e.*"
        " FROM sigang.edge e JOIN sigang.node a ON a.id = e.from_node"
        " JOIN sigang.node b ON b.id = e.to_node"
    )
    names = [column.name for column in rows.description]
    listed = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {
        row["key"]: {**row, "ends": chr(row["tail"] // 10) + chr(row["head"] // 10)}
        for row in listed
    }


def turns(conn: psycopg.Connection) -> list[tuple[str, str, str, str | None, str, list[str]]]:
    """Return kind, from, via edges, via node, to and exempt of each restriction, as text."""
    name = "props ->> 'osm_way' || '/' || (props ->> 'segment')"
    key = f"(SELECT {name} FROM sigang.edge WHERE id = {{}})"
    rows = conn.execute(
        f"SELECT t.kind, {key.format('t.from_edge')},"
        f" (SELECT string_agg({key.format('v')}, ' ' ORDER BY n)"
        "  FROM unnest(t.via_edges) WITH ORDINALITY AS u (v, n)),"
        " (SELECT chr((props ->> 'osm_node')::int / 10) FROM sigang.node WHERE id = t.via_node),"
        f" {key.format('t.to_edge')}, t.exempt"
        " FROM sigang.turn_restriction t ORDER BY 2, 5"
    )
    return rows.fetchall()


CROSS = """
   c
 a b d
   e
"""


def test_ways_are_split_where_they_meet(conn, load) -> None:
    drawn = Map(CROSS).way("abd", highway="primary", name="东西路").way("cbe", highway="secondary")
    report = load(drawn)
    found = edges(conn)
    assert {key: row["ends"] for key, row in found.items()} == {
        "100/0": "ab",
        "100/1": "bd",
        "101/0": "cb",
        "101/1": "be",
    }
    assert report.rows == {"edge": 4, "node": 5}
    assert found["100/0"]["name_zh"] == "东西路"
    assert found["100/0"]["length_m"] == pytest.approx(192.97, abs=0.1)
    assert {row["origin"] for row in found.values()} == {"real"}


def test_a_way_is_not_split_where_nothing_meets_it(conn, load) -> None:
    load(Map(" a b c d").way("abcd", highway="track"))
    (edge,) = edges(conn).values()
    assert edge["ends"] == "ad"


def test_a_reversed_way_runs_along_its_direction(conn, load) -> None:
    load(Map(" a b c").way("abc", highway="primary", oneway="-1").way("bc", highway="service"))
    found = edges(conn)
    assert (found["100/0"]["ends"], found["100/0"]["oneway"]) == ("ba", True)
    line = conn.execute(
        "SELECT ST_X(ST_StartPoint(geom)) > ST_X(ST_EndPoint(geom)) FROM sigang.edge WHERE oneway"
    ).fetchall()
    assert line == [(True,), (True,)]


def test_a_roundabout_is_split_and_one_way(conn, load) -> None:
    ring = Map(" a  b\n\n d  c\n  \n e")
    load(ring.way("abcda", highway="tertiary", junction="roundabout").way("de", highway="service"))
    found = edges(conn)
    assert {found[f"100/{i}"]["ends"] for i in (0, 1)} == {"ad", "da"}
    assert all(found[f"100/{i}"]["oneway"] for i in (0, 1))


def test_a_no_turn_names_the_edges_at_the_junction(conn, load) -> None:
    drawn = Map(CROSS).way("ab", highway="primary").way("bd", highway="primary")
    drawn.way("cb", highway="primary").way("be", highway="primary")
    drawn.restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 103, "to")],
        restriction="no_right_turn",
        **{"except": "psv;bicycle"},
    )
    load(drawn)
    assert turns(conn) == [
        ("no", "100/0", None, "b", "103/0", ["psv", "bus", "taxi", "bicycle"]),
    ]


def test_a_restriction_over_a_way_keeps_all_its_edges(conn, load) -> None:
    drawn = Map(" a b c d\n   e f g")
    drawn.way("ab", highway="primary").way("bcf", highway="primary_link").way(
        "cd", highway="service"
    )
    drawn.way("fe", highway="primary", oneway="yes").way("fg", highway="primary")
    drawn.restriction(
        [("w", 100, "from"), ("w", 101, "via"), ("w", 103, "to")], restriction="no_u_turn"
    )
    load(drawn)
    assert turns(conn) == [("no", "100/0", "101/0 101/1", None, "103/0", [])]


def test_only_and_vehicle_restrictions(conn, load) -> None:
    drawn = Map(CROSS).way("ab", highway="primary").way("bd", highway="primary")
    drawn.way("cbe", highway="primary")
    drawn.restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 101, "to")], restriction="only_straight_on"
    ).restriction(
        [("w", 101, "from"), ("n", "b", "via"), ("w", 100, "to")], restriction__hgv="no_straight_on"
    ).restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 102, "to")],
        restriction__conditional="no_left_turn @ (Mo-Fr 07:00-09:00)",
    )
    load(drawn)
    found = turns(conn)
    assert [row[:5] for row in found] == [
        ("only", "100/0", None, "b", "101/0"),
        ("no", "100/0", None, "b", "102/0"),
        ("no", "101/0", None, "b", "100/0"),
    ]
    assert "hgv" not in found[2][5] and "motorcar" in found[2][5]


def test_a_restriction_ignores_edges_against_a_one_way(conn, load) -> None:
    drawn = Map(CROSS).way("ab", highway="primary").way("bd", highway="primary")
    drawn.way("cbe", highway="primary", oneway="yes")
    drawn.restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 102, "to")], restriction="no_left_turn"
    )
    load(drawn)
    assert [row[4] for row in turns(conn)] == ["102/1"]


def test_a_bollard_stops_cars_and_a_gate_does_not(conn, load) -> None:
    drawn = Map(" a b c d e").way("abcde", highway="service")
    drawn.node("b", barrier="bollard").node("d", barrier="gate")
    load(drawn)
    assert [(row[1], row[3], row[4], row[5]) for row in turns(conn)] == [
        ("100/0", "b", "100/1", ["bicycle", "foot"]),
        ("100/1", "b", "100/0", ["bicycle", "foot"]),
    ]
    kinds = conn.execute("SELECT kind, count(*) FROM sigang.node GROUP BY 1 ORDER BY 1").fetchall()
    assert kinds == [("barrier", 2), ("junction", 2)]


def test_a_height_restrictor_limits_the_edges_beside_it(conn, load) -> None:
    drawn = Map(" a b c d").way("abcd", highway="service").way("ca", highway="service")
    load(drawn.node("b", barrier="height_restrictor", maxheight="2.1"))
    found = edges(conn)
    heights = {key: row["max_height_m"] for key, row in found.items()}
    assert heights["100/0"] == pytest.approx(2.1)
    assert heights["100/1"] == pytest.approx(2.1)
    assert heights["100/2"] is None and heights["101/0"] is None


def test_parallel_edges_of_a_named_bridge_are_one_structure(conn, load) -> None:
    drawn = Map(" a b c d\n e f g h")
    tags = {"highway": "motorway", "bridge": "yes", "bridge:name": "杭州湾跨海大桥"}
    drawn.way("bc", **{k.replace(":", "__"): v for k, v in tags.items()})
    drawn.way("gf", **{k.replace(":", "__"): v for k, v in tags.items()})
    drawn.way("ab", highway="motorway").way("cd", highway="motorway").way("hg", highway="motorway")
    load(drawn)
    (name, kind, carried, bundles) = conn.execute(
        "SELECT f.name_zh, f.kind, count(*), count(DISTINCT e.bundle) FROM sigang.facility f"
        " JOIN sigang.edge_structure s ON s.facility_id = f.id AND s.relation = 'carries'"
        " JOIN sigang.edge e ON e.id = s.edge_id GROUP BY f.id"
    ).fetchone()
    assert (name, kind, carried, bundles) == ("杭州湾跨海大桥", "bridge", 2, 1)


def test_waterways_locks_ferries_rails_and_airfields(conn, load) -> None:
    drawn = Map(" a b c d\n e f g h\n i j k l\n m n o p")
    drawn.way("ab", waterway="canal", name="杭甬运河", maxdraft="2.2").way(
        "bc", waterway="canal", lock="yes", lock_name="三堡船闸"
    )
    drawn.way("ef", route="ferry", motor_vehicle="yes").way("ij", railway="rail", maxspeed="120")
    drawn.way("mnokm", aeroway="aerodrome", name="Balzers", icao="LSXB")
    drawn.node("b", waterway="lock_gate").node("p", railway="station", name="南站")
    load(drawn)
    found = edges(conn)
    assert {(r["mode"], r["class"], r["structure"]) for r in found.values()} == {
        ("waterway", "canal", None),
        ("waterway", "canal", "lock"),
        ("ferry", "ferry", "ferry"),
        ("rail", "rail", None),
    }
    assert found["100/0"]["depth_m"] == pytest.approx(2.2)
    assert found["103/0"]["speed_kmh"] == 120
    places = conn.execute(
        "SELECT kind, coalesce(name_zh, name_en), icao, ST_GeometryType(geom)"
        " FROM sigang.facility ORDER BY 1"
    ).fetchall()
    assert places == [
        ("airport", "Balzers", "LSXB", "ST_Polygon"),
        ("lock", "三堡船闸", None, "ST_LineString"),
        ("station", "南站", None, "ST_Point"),
    ]


def test_no_waterway_passes_a_barrage_but_a_lock_in_it_is_passed(conn, load) -> None:
    """A weir is a node of the river, or a way across it; the dam beside a lock shares its node."""
    drawn = Map(" a b c d e f g\n h i j k l m n")
    drawn.way("abcd", waterway="river").node("b", waterway="weir", name="乙堰")
    drawn.way("defg", waterway="river").way("lem", waterway="dam")
    drawn.way("hij", waterway="canal").way("jk", waterway="canal", lock="yes", maxlength="110",
        maxwidth="11.5", maxheight="7", maxdraught="2.8")  # fmt: skip
    drawn.way("klmn", waterway="canal", width="30").way("jkd", waterway="weir")
    load(drawn)
    pairs = conn.execute(
        "SELECT from_node, to_node, props ->> 'osm_way' FROM sigang.edge"
    ).fetchall()
    graph = nx.MultiGraph((a, b, way) for a, b, way in pairs)
    parts = [sorted(way for *_, way in graph.edges(part, keys=True))
             for part in nx.connected_components(graph)]  # fmt: skip
    assert sorted(parts) == [
        ["100"], ["100"], ["101"], ["101"], ["103", "104", "105"], ["105"], ["105"],
    ]  # fmt: skip
    lock = edges(conn)["104/0"]
    assert (lock["max_length_m"], lock["width_m"], lock["clearance_m"], lock["depth_m"]) == (
        110, 11.5, 7, pytest.approx(2.8),
    )  # fmt: skip
    weirs = conn.execute(
        "SELECT name_zh, ST_GeometryType(geom) FROM sigang.facility WHERE kind = 'weir'"
        " ORDER BY 2, 1"
    ).fetchall()
    assert weirs == [(None, "ST_LineString"), (None, "ST_LineString"), ("乙堰", "ST_Point")]


def state(conn: psycopg.Connection) -> dict[str, list]:
    listed = {}
    for table in ("edge", "node", "facility", "turn_restriction", "edge_structure"):
        rows = conn.execute(
            f"SELECT md5((to_jsonb(t) - 'recorded_at')::text) FROM sigang.{table} t ORDER BY 1"
        )
        listed[table] = rows.fetchall()
    return listed


def busy() -> Map:
    drawn = Map(CROSS).way("abd", highway="primary", bridge="yes", bridge__name="桥")
    drawn.way("cbe", highway="secondary").node("a", barrier="bollard")
    return drawn.restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 101, "to")], restriction="no_left_turn"
    )


def test_loading_twice_gives_the_same_rows(conn, load) -> None:
    load(busy())
    first = state(conn)
    load(busy())
    assert state(conn) == first
    assert all(first.values())


def test_a_load_replaces_its_region_and_no_other(conn, load) -> None:
    load(busy(), "one")
    load(busy(), "two")
    assert len(edges(conn)) == 4
    load(Map(" a b").way("ab", highway="track"), "two")
    counts = conn.execute("SELECT source_id, count(*) FROM sigang.edge GROUP BY 1 ORDER BY 1")
    assert counts.fetchall() == [("osm:one", 4), ("osm:two", 1)]
    assert conn.execute("SELECT count(*) FROM sigang.edge_structure").fetchone() == (2,)


def test_a_load_raises_the_topology_of_its_networks(conn, load) -> None:
    query = "SELECT network, topology FROM sigang.network_version ORDER BY 1"
    before = dict(conn.execute(query).fetchall())
    load(Map(" a b").way("ab", highway="track"))
    after = dict(conn.execute(query).fetchall())
    assert {k for k in after if after[k] != before[k]} == {"road"}


NODES = "".join(f"<node id='{i}' version='1' lat='30' lon='120.{i}'/>" for i in (1, 2))
WAY = "<way id='1' version='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='track'/></way>"
BAD = [
    "",
    "not a map",
    "<osm version='0.6'><node id='1'",
    "<osm version='0.6'><node id='0x' lat='30' lon='120'/></osm>",
    "<osm version='0.6'><node id='1' timestamp='2026-07-21T20:38:r2Z' lat='1' lon='1'/></osm>",
    "<osm version='0.6'><node id='1' lat='l6' lon='120'/></osm>",
    f"<osm version='0.6'>{NODES}{WAY}{WAY}</osm>",
]


@pytest.mark.parametrize("content", BAD)
def test_a_bad_file_changes_nothing(conn, load, tmp_path: Path, content: str) -> None:
    load(busy())
    before = state(conn)
    path = tmp_path / "bad.osm"
    path.write_text(content)
    with pytest.raises(Quarantined):
        load_osm(conn, path, "test", lambda line: None)
    assert state(conn) == before
    states = conn.execute("SELECT state FROM sigang.load_run ORDER BY started_at").fetchall()
    assert states[0] == ("done",)
    assert all(s == ("refused",) for s in states[1:])


def test_a_file_without_a_network_changes_nothing(conn, load) -> None:
    load(busy())
    before = state(conn)
    with pytest.raises(Quarantined):
        load(Map(" a b").way("ab", building="yes"))
    assert state(conn) == before


def test_wrong_arguments(conn, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_osm(conn, tmp_path / "none.osm.pbf", "test", lambda line: None)
    with pytest.raises(BadParameter):
        load_osm(conn, tmp_path, "No Name", lambda line: None)


def test_the_source_is_named_with_its_licence(conn, load) -> None:
    load(busy())
    row = conn.execute(
        "SELECT license, attribution FROM sigang.source WHERE id = 'osm:test'"
    ).fetchone()
    assert row == ("ODbL-1.0", "© OpenStreetMap contributors")


MEASURE = """
import sys, time
from pathlib import Path
from data.osm.load import load_osm
from spatial.postgres.db import connect
with connect(sys.argv[2]) as conn:
    start = time.monotonic()
    report = load_osm(conn, Path(sys.argv[1]), "liechtenstein", lambda line: None)
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    print(int(time.monotonic() - start), peak, report.rows["edge"])
"""
"""The peak is the program's own: that of `getrusage` starts at its parent's."""


@pytest.mark.shared
def test_liechtenstein_within_a_minute_and_a_gigabyte(database_url: str) -> None:
    path = shared_path("data/roads/liechtenstein-2021.osm.pbf")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), database_url],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes, rows = map(int, done.stdout.split())
    assert rows > 10_000
    assert seconds <= 60
    assert megabytes <= 1024


def test_ways_are_cut_at_the_antimeridian_and_refused_off_the_map(conn, load) -> None:
    drawn = Map("""
 d
 c
 a b
""")
    drawn.origin = (179.9985, 85.0495)
    drawn.way("ab", number=7, highway="primary").way("acd", number=8, highway="primary")
    report = load(drawn)
    assert report.refused == {"out-of-range": 1}
    assert conn.execute("SELECT detail FROM sigang.quarantine").fetchone()[0].startswith("way 8")
    rows = conn.execute(
        "SELECT e.from_node = a.to_node, ST_XMin(e.geom), ST_XMax(e.geom), e.length_m + a.length_m"
        " FROM sigang.edge a JOIN sigang.edge e ON e.from_node = a.to_node"
    ).fetchall()
    [(joined, west, east, length)] = rows
    assert joined
    assert (west, east) == (-180, pytest.approx(-179.9985, abs=1e-6))
    assert length == pytest.approx(19.3, abs=0.5)
