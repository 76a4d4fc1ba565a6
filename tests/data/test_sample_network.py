"""The sample's networks as loaded: counts, origins, components, paths, twins, stakes, towns."""

import networkx
import numpy as np
import pytest
from shapely import LineString

from data.facts import read_facts
from data.sample.network.corridors import _beside, _without_spurs
from data.sample.network.graph import read_scgraph
from data.sample.network.load import load_networks
from data.sample.network.streets import grow
from data.sample.network.transfers import load_transfers
from spatial.geo.linear_reference import Carriageway
from spatial.postgres.db import connect
from tests.data.road_graph import RoadGraph

pytestmark = pytest.mark.db

JIAXING, BEILUN = (120.755, 30.745), (121.83, 29.93)
SEATS = {town["name_zh"]: town["centre"] for town in read_facts("towns")["town"]}
BAY_BRIDGE = "hangzhou-bay-bridge"


@pytest.fixture(scope="module")
def conn(sample_url):
    with connect(sample_url) as conn:
        yield conn


@pytest.fixture(scope="module")
def roads(conn):
    return RoadGraph(conn)


def one(conn, query, *parameters):
    return conn.execute(query, parameters).fetchone()


def count(conn, where):
    return one(conn, f"SELECT count(*) FROM edge WHERE {where}")[0]


def test_every_network_has_its_rows(conn):
    assert count(conn, "mode = 'road' AND origin = 'real'") > 25_000
    assert 85_000 < count(conn, "mode = 'road' AND origin = 'synthetic'") < 115_000
    assert count(conn, "mode = 'rail'") > 4_000
    assert count(conn, "mode = 'sea_lane' AND class = 'lane'") > 200
    assert count(conn, "mode = 'waterway'") > 80
    assert count(conn, "mode = 'transfer' AND class = 'sea_river'") == 5


def test_origin_follows_from_where_a_row_comes(conn):
    found = conn.execute("SELECT DISTINCT source_id, origin FROM edge WHERE mode <> 'transfer'")
    assert dict(found) == {
        "scgraph-highways": "real",
        "scgraph-railways": "real",
        "searoute-marnet": "real",
        "sample-corridors": "derived",
        "sample-fixed-links": "schematic",
        "sample-fairways": "schematic",
        "sample-waterways": "schematic",
        "sample-local-roads": "synthetic",
        "sample-training-waterways": "synthetic",
    }


def test_unknown_stays_unknown(conn):
    assert (
        count(conn, "speed_kmh IS NOT NULL OR clearance_m IS NOT NULL OR depth_m IS NOT NULL") == 0
    )
    limits = "(max_height_m, max_width_m, max_length_m, max_mass_t, max_axle_t) IS NOT NULL"
    assert count(conn, f"origin <> 'synthetic' AND (limits_known OR {limits})") == 0


def test_every_edge_runs_from_node_to_node(conn):
    torn = one(
        conn,
        "SELECT count(*) FROM edge e LEFT JOIN node a ON a.id = e.from_node"
        " LEFT JOIN node b ON b.id = e.to_node"
        " WHERE NOT coalesce(ST_Equals(ST_StartPoint(e.geom), a.geom)"
        " AND ST_Equals(ST_EndPoint(e.geom), b.geom), false)",
    )[0]
    assert torn == 0


def test_a_truck_has_something_to_refuse(conn):
    assert count(conn, "limits_known AND max_height_m < 4") > 200
    assert count(conn, "limits_known AND max_mass_t < 25") > 800


def test_fragments_are_small(roads):
    sizes = np.sort(np.bincount(roads.component))[::-1]
    assert sizes[0] / sizes.sum() > 0.999
    assert sizes[1] <= 12


def test_every_node_of_the_main_part_can_be_left_and_reached(roads):
    hub = roads.node_at(*SEATS["杭州"])
    main = roads.component == roads.main
    assert roads.reached(hub)[main].all()
    assert roads.reached(hub, backwards=True)[main].all()


@pytest.mark.parametrize("seat", SEATS)
def test_path_from_each_seat_to_beilun(roads, seat):
    path = roads.path(roads.node_at(*SEATS[seat]), roads.node_at(*BEILUN))
    assert path is not None
    a, b = np.array(SEATS[seat]), np.array(BEILUN)
    straight = float(np.hypot(*((a - b) * [0.866, 1.0]))) * 111_000
    assert straight < path.length_m < 2.2 * straight + 20_000


@pytest.mark.parametrize(
    ("start", "end", "osrm_m"),
    [
        ((121.4737, 31.2304), (120.8943, 31.9802), 121_300),  # Shanghai to Nantong: Sutong Bridge
        ((120.1551, 30.2741), (121.544, 29.8683), 149_500),  # Hangzhou to Ningbo: G92
    ],
)
def test_a_way_is_not_cut(roads, start, end, osrm_m):
    path = roads.path(roads.node_at(*start), roads.node_at(*end))
    assert path.length_m == pytest.approx(osrm_m, rel=0.06)


def test_the_tour(roads):
    start, end = roads.node_at(*JIAXING), roads.node_at(*BEILUN)
    path = roads.path(start, end)
    closed = roads.bundle == BAY_BRIDGE
    detour = roads.path(start, end, closed)
    assert path.length_m == pytest.approx(156_000, abs=4_000)
    assert detour.length_m == pytest.approx(190_600, abs=5_000)
    assert closed[path.edges].any()
    assert not closed[detour.edges].any()


def test_the_fixed_links_carry_zhoushan(roads):
    path = roads.path(roads.node_at(*SEATS["舟山"]), roads.node_at(*BEILUN))
    assert {"jintang-bridge", "xihoumen-bridge"} <= set(roads.bundle[path.edges])


def test_a_named_structure_closes_as_one(conn):
    rows = conn.execute(
        "SELECT f.codes->>'structure', array_agg(DISTINCT e.bundle), bool_and(e.bundle IS NOT NULL)"
        " FROM facility f JOIN edge_structure s ON s.facility_id = f.id"
        " JOIN edge e ON e.id = s.edge_id"
        " WHERE s.relation = 'carries' AND f.codes ? 'structure' GROUP BY 1"
    ).fetchall()
    assert {row[0] for row in rows} == {s["id"] for s in read_facts("structures")["structure"]}
    for structure, bundles, all_bundled in rows:
        assert all_bundled
        assert bundles == [structure]


@pytest.mark.parametrize(
    "bundle", [BAY_BRIDGE, "jiashao-bridge", "xiangshan-harbour-bridge", "jintang-bridge"]
)
def test_no_twin_dodges_a_closed_bridge(roads, bundle):
    closed = roads.bundle == bundle
    longest = int(np.flatnonzero(closed)[roads.length_m[closed].argmax()])
    around = roads.path(int(roads.u[longest]), int(roads.v[longest]), closed)
    assert around is None or around.length_m > roads.length_m[longest] + 8_000


def test_up_and_down_are_the_same_edge_both_ways(conn):
    lonely = one(
        conn,
        "SELECT count(*) FROM edge u WHERE side = 'up' AND NOT EXISTS (SELECT 1 FROM edge d"
        " WHERE d.side = 'down' AND d.route_id = u.route_id AND d.bundle = u.bundle"
        " AND d.from_node = u.to_node AND d.to_node = u.from_node AND d.k_from = u.k_from"
        " AND d.geom = ST_Reverse(u.geom))",
    )[0]
    assert lonely == 0
    assert count(conn, "side = 'up'") == count(conn, "side = 'down'") > 1_500
    assert count(conn, "side IN ('up', 'down') AND NOT oneway") == 0
    assert count(conn, "route_id IS NOT NULL AND k_from >= k_to") == 0


def test_carriageways_and_stakes(conn):
    corridors = read_facts("corridors")["corridor"]
    ways = conn.execute(
        "SELECT route_id, side, part, calibrated, accuracy_m, source_id, ST_AsBinary(geom) AS geom,"
        " length_m FROM carriageway"
    )
    names = [column.name for column in ways.description]
    ways = [dict(zip(names, row, strict=True)) for row in ways]
    assert len(ways) == 2 * len(corridors)
    for way in ways:
        stakes = conn.execute(
            "SELECT k_m, chainage_m, accuracy_m FROM stake WHERE (route_id, side) = (%s, %s)"
            " ORDER BY chainage_m",
            [way["route_id"], way["side"]],
        ).fetchall()
        k = np.array([row[0] for row in stakes])
        assert (np.diff(k) > 0).all() if way["side"] == "up" else (np.diff(k) < 0).all()
        assert not way["calibrated"]
        assert way["accuracy_m"] >= 100
        columns = ("k_m", "chainage_m", "accuracy_m")
        line = Carriageway(way, [dict(zip(columns, row, strict=True)) for row in stakes])
        assert line.length_m == pytest.approx(way["length_m"], abs=1.0)
        assert stakes[-1][1] == pytest.approx(way["length_m"], abs=1.0)


@pytest.mark.parametrize("corridor", read_facts("corridors")["corridor"], ids=lambda c: c["id"])
def test_corridor_facts_are_sound(corridor):
    first, last = (np.array(corridor["towns"][i][2:]) for i in (0, -1))
    assert corridor["class"] in ("motorway", "trunk", "primary")
    if not corridor.get("concurrent"):
        axis, sign = {"north": (1, 1), "south": (1, -1), "east": (0, 1), "west": (0, -1)}[
            corridor["zero_end"]
        ]
        assert sign * (first - last)[axis] > 0


def test_motorways_pass_their_towns(conn):
    for corridor in read_facts("corridors")["corridor"]:
        for name_zh, _, lon, lat in corridor["towns"]:
            away = one(
                conn,
                "SELECT ST_Distance(geom::geography, ST_Point(%s, %s, 4326)::geography)"
                " FROM carriageway WHERE route_id = %s AND side = 'up'",
                lon,
                lat,
                corridor["id"],
            )[0]
            assert away < 8_000, (corridor["id"], name_zh)


def test_a_lock_is_one_edge_and_only_cited_chambers_have_a_size(conn):
    rows = conn.execute(
        "SELECT f.codes->>'lock', f.props->>'chamber_length_m', count(e.id)"
        " FROM facility f JOIN edge_structure s ON s.facility_id = f.id"
        " JOIN edge e ON e.id = s.edge_id AND e.structure = 'lock'"
        " WHERE f.kind = 'lock' AND f.origin <> 'synthetic' GROUP BY 1, 2"
    ).fetchall()
    assert len(rows) == len(read_facts("waterways")["lock"])
    assert {row[2] for row in rows} == {1}
    assert {row[0]: row[1] for row in rows if row[1]} == {"fuchunjiang": "300"}


def test_waterways_pass_under_the_bridges_that_cross_them(conn):
    over = conn.execute(
        "SELECT DISTINCT f.codes->>'structure', e.name_zh FROM facility f JOIN edge_structure s"
        " ON s.facility_id = f.id AND s.relation = 'under' JOIN edge e ON e.id = s.edge_id"
        " WHERE f.codes ? 'structure'"
    ).fetchall()
    assert ("jiashao-bridge", "钱塘江口") in over
    assert not {structure for structure, _ in over} & {"qianjiang-tunnel"}
    assert (
        one(conn, "SELECT count(*) FROM facility WHERE props->>'clearance_m' IS NOT NULL")[0] == 0
    )


def test_inland_waterways_reach_the_sea(conn):
    rows = conn.execute(
        "SELECT from_node, to_node, mode FROM edge"
        " WHERE (mode IN ('waterway', 'sea_lane') OR class = 'sea_river') AND origin <> 'synthetic'"
    ).fetchall()
    net = networkx.Graph((a, b) for a, b, _ in rows)
    at_sea = next(a for a, _, mode in rows if mode == "sea_lane")
    reached = networkx.node_connected_component(net, at_sea)
    assert all(a in reached for a, _, mode in rows if mode == "waterway")


def test_every_hub_is_on_its_networks(conn):
    wanted = {"sea": {"sea_lane", "road"}, "river": {"waterway", "road"}, "dry": {"road", "rail"}}
    rows = conn.execute(
        "SELECT f.name_zh, f.props->>'modes', n.modes, (f.props->>'water_only')::boolean"
        " FROM facility f LEFT JOIN node n ON n.facility_id = f.id AND n.kind = 'hub'"
        " WHERE f.source_id = 'sample-hubs' AND f.props->>'modes' IN ('sea', 'river', 'dry')"
    ).fetchall()
    assert len(rows) > 30
    for name, kind, modes, water_only in rows:
        assert wanted[kind] - ({"road", "rail"} if water_only else set()) <= set(modes or []), name
    names = {name for name, *_ in rows}
    airports = conn.execute(
        "SELECT f.name_zh FROM facility f JOIN node n ON n.facility_id = f.id AND n.kind = 'hub'"
        " WHERE f.kind = 'airport' AND 'road' = ANY(n.modes)"
    ).fetchall()
    assert len(airports) >= 9
    assert "北仑港区" in names


def test_towns_thin_out_and_stay_on_land(conn):
    for code, lon, lat in (("330100", 120.170, 30.268), ("330200", 121.556, 29.876)):
        near, far = (
            one(
                conn,
                "SELECT sum(length_m) / (pi() * (%s ^ 2 - %s ^ 2)) FROM edge"
                " WHERE origin = 'synthetic' AND ST_Distance(ST_StartPoint(geom)::geography,"
                " ST_Point(%s, %s, 4326)::geography) BETWEEN %s AND %s",
                outer,
                inner,
                lon,
                lat,
                inner,
                outer,
            )[0]
            for inner, outer in ((0, 5_000), (10_000, 14_000))
        )
        assert near > 1.5 * far, code
    at_sea = one(
        conn,
        "SELECT count(*) FROM node n WHERE n.origin = 'synthetic' AND EXISTS"
        " (SELECT 1 FROM zone WHERE kind = 'land') AND NOT EXISTS (SELECT 1 FROM zone z"
        " WHERE z.kind = 'land' AND ST_Intersects(z.geom, n.geom))",
    )[0]
    assert at_sea == 0


def test_no_invented_street_runs_over_water(conn):
    streets = "e.origin = 'synthetic' AND e.mode = 'road'"
    over_sea_m = one(
        conn,
        "WITH shore AS MATERIALIZED (SELECT ST_Subdivide(ST_Boundary(geom), 64) AS geom FROM zone"
        " WHERE kind IN ('land', 'lake'))"
        " SELECT coalesce(sum(e.length_m), 0) FROM shore"
        " JOIN edge e ON ST_Intersects(e.geom, shore.geom)"
        f" WHERE {streets}",
    )[0]
    in_lakes = one(
        conn,
        "SELECT count(*) FROM zone z JOIN edge e ON ST_Intersects(e.geom, z.geom)"
        f" WHERE z.kind = 'lake' AND {streets}",
    )[0]
    without_bridge = one(
        conn,
        "SELECT count(*) FROM edge w JOIN edge e ON ST_Intersects(e.geom, w.geom)"
        f" WHERE w.mode = 'waterway' AND e.structure IS NULL AND {streets}",
    )[0]
    assert (over_sea_m, in_lakes, without_bridge) == (0, 0, 0)


def test_bridges_of_invented_streets_lead_somewhere(conn):
    ends = "SELECT id, %s AS node FROM edge WHERE origin = 'synthetic' AND structure = 'bridge'"
    piers = one(
        conn,
        f"SELECT count(*) FROM ({ends % 'from_node'} UNION ALL {ends % 'to_node'}) b"
        " WHERE NOT EXISTS (SELECT 1 FROM edge e"
        " WHERE b.node IN (e.from_node, e.to_node) AND e.id <> b.id)",
    )[0]
    assert piers == 0


def test_loading_again_gives_the_same_rows(module_sample_url):
    digest = (
        "SELECT md5(string_agg(id::text || kind || ST_AsEWKT(geom) || coalesce(admin_code, ''), ''"
        " ORDER BY id)) FROM {} WHERE source_id IN (SELECT id FROM source"
        " WHERE id = ANY(%s))"
    )
    own = [source["id"] for source in read_facts("network_sources")["source"]]
    state = "SELECT topology FROM network_version WHERE network = 'road'"
    with connect(module_sample_url) as conn:
        before = [one(conn, digest.format(table), own)[0] for table in ("edge", "node")]
        topology = one(conn, state)[0]
        structures = one(conn, "SELECT count(*) FROM edge_structure")[0]
        load_networks(conn, lambda line: None)
        load_transfers(conn)
        assert [one(conn, digest.format(table), own)[0] for table in ("edge", "node")] == before
        assert one(conn, "SELECT count(*) FROM edge_structure")[0] == structures
        assert one(conn, state)[0] == topology + 1


def test_reading_the_graph_as_text_keeps_lengths():
    graph = read_scgraph("world_highways", "test", (120.9, 30.2, 121.5, 30.7))
    ends = np.stack([graph.xy[graph.u], graph.xy[graph.v]], axis=1)
    bridge = np.abs(ends - [[121.02, 30.602], [121.321, 30.274]]).max(axis=(1, 2)) < 1e-9
    other_way = (
        np.abs(ends[:, ::-1] - [[121.02, 30.602], [121.321, 30.274]]).max(axis=(1, 2)) < 1e-9
    )
    assert graph.length_m[bridge | other_way] == pytest.approx([50_987.0])


def test_a_detour_to_a_town_off_the_road_is_dropped():
    assert _without_spurs([1, 2, 3, 4, 3, 2, 5]) == [1, 2, 5]
    assert _without_spurs([1, 2, 3, 1]) == [1, 2, 3, 1]


@pytest.mark.parametrize(
    ("ends", "beside"),
    [
        ([(1_000, 200), (4_000, 250)], (1_000, 4_000)),
        ([(4_000, -200), (1_000, 0)], (1_000, 4_000)),
        ([(1_000, 0), (1_000, 400)], None),
        ([(1_000, 900), (2_000, 900)], None),
    ],
)
def test_a_twin_runs_beside_the_path(ends, beside):
    path = LineString([(0, 0), (5_000, 0), (10_000, 100)])
    found = _beside(path, np.array(ends, dtype=float))
    assert found == (pytest.approx(beside, abs=1) if beside else None)


def test_a_town_grows_the_same_from_the_same_seed():
    town = {"edges": 900, "turn_deg": 10, "centre": [120.0, 30.0]}
    river = LineString([(119.9, 30.01), (120.1, 30.01)])
    a, b = (grow(np.random.default_rng(7), town, None, [(river, 300)]) for _ in range(2))
    other = grow(np.random.default_rng(8), town, None, [(river, 300)])
    assert (a.east == b.east).all()
    assert (a.lonlat == b.lonlat).all()
    assert (a.lonlat != other.lonlat).any()
    crossing = a.north & (a.lonlat[:, :-1, 1] < 30.01) & (a.lonlat[:, 1:, 1] > 30.01)
    assert 0 < crossing.sum() <= a.bridge_north.sum() < a.north[:, :].sum() / 50
