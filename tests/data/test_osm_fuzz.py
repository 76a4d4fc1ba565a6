"""Random small towns with random tags, answered as a slow judge that reads the tags itself says."""

import asyncio
import os
import random
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import quoteattr

import asyncpg
import numpy as np
import psycopg
import pytest

from api.network.edge_rows import make_graph, read_rows
from data.osm.load import load_osm
from routing.cch.engine import Topology
from routing.cost.profile import load_profiles
from routing.query.leg import line
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial.errors import NoSnap, SigangError
from spatial.networks.model import Traffic
from spatial.networks.road import ACTIVE, KIND, MOTOR
from tests.data.osm_judge import AGAINST, SIZES, VEHICLES, Street, Town, cheapest, drive
from tests.routing.maps import shipped_rules

pytestmark = pytest.mark.db

SEED = int(os.environ.get("TEST_OSM_SEED", "15"))
TOWNS = int(os.environ.get("TEST_OSM_TOWNS", "40"))
STEP, APART, SIDE = 0.001, 0.3, 3
METRE = 111_195 * STEP
PLACES = {
    **{"abcdefghi"[i]: (i % SIDE, i // SIDE) for i in range(SIDE * SIDE)},
    "s": (-1, 0),
    "t": (SIDE, SIDE - 1),
}
GRID = ("ab", "bc", "de", "ef", "gh", "hi", "ad", "be", "cf", "dg", "eh", "fi")
HOURS = ("no @ (Mo-Fr 07:00-09:00)", "yes @ (10:00-20:00)", "no @ (22:00-06:00)", "no @ (Nov-Mar)",
         "no @ (snow)", "yes @ (Nov-Mar)")  # fmt: skip
TURN_HOURS = ("(Mo-Fr 07:00-09:00)", "(22:00-06:00)", "(Nov-Mar)")
LIMIT_HOURS = (*TURN_HOURS, "snow", "(flood)")
HEAVY = ("no @ (weight>7.5)", "no @ (weight>7.5 AND 22:00-06:00)", "no @ (weight>30)")
VALUES = ("no", "yes", "private", "destination", "permissive", "employees", "psv", "no;destination",
          "agricultural;forestry", "delivery", "unknown")  # fmt: skip
HEIGHTS = ("3.5", "4.2", "12'6\"", "13'-6\"", "3,5", "350 cm", "3.5;4.5", "below_default", "none")
MASSES = ("7.5", "30 t", "20 st", "7500 kg", "about 3", "18.5", "25;15")
KEYS = ("access", "vehicle", "motor_vehicle", "motorcar", "hgv", "goods", "psv", "bus", "emergency",
        "bicycle", "foot")  # fmt: skip
ONEWAY = ("oneway", "oneway:bus", "oneway:bicycle", "oneway:motor_vehicle", "oneway:vehicle")
TIMES = [datetime.fromisoformat(f"2026-{day}+08:00") for day in ("12-01T08:00", "12-06T23:00",
         "12-02T12:30")]  # fmt: skip


def limit_tags(draw: random.Random) -> dict[str, str]:
    key, values = draw.choice((
        ("maxheight", HEIGHTS), ("maxweight", MASSES), ("maxlength", ("10", "12 m", "39'")),
        ("maxaxleload", ("8", "11.5 t", "low")),
    ))  # fmt: skip
    key += draw.choice(("", "", ":hgv", ":bus")) + draw.choice(("", "", ":forward", ":backward"))
    if draw.random() < 0.3:
        return {f"{key}:conditional": f"{draw.choice(values)} @ {draw.choice(LIMIT_HOURS)}"}
    return {key: draw.choice(values)}


def street_tags(draw: random.Random) -> dict[str, str]:
    road = {"highway": "residential"}
    kind = draw.random()
    if kind < 0.4:
        return road
    if kind < 0.5:
        alone = ({"highway": "footway"}, {"highway": "track"}, {**road, "motorroad": "yes"},
                 {**road, "hov": "designated"}, {**road, "smoothness": "bad"})  # fmt: skip
        return dict(draw.choice(alone))
    for _ in range(draw.randint(1, 3)):
        side = draw.choice(("", "", ":forward", ":backward"))
        road |= draw.choice(
            (
                {draw.choice(KEYS) + side: draw.choice(VALUES)},
                {draw.choice(KEYS) + f"{side}:conditional": draw.choice(HOURS)},
                {draw.choice(ONEWAY): draw.choice(("yes", "no", "-1"))},
                {"maxheight:physical": draw.choice(HEIGHTS)},
                limit_tags(draw),
                limit_tags(draw),
                {f"hgv{side}:conditional": draw.choice(HEAVY)},
            )
        )
    return road


def node_tags(draw: random.Random) -> dict[str, str]:
    if draw.random() < 0.15:
        return {"maxheight": draw.choice(HEIGHTS)}
    barrier = {"barrier": draw.choice(("gate", "bollard", "lift_gate", "stile", "fence", "block"))}
    key = draw.choice(KEYS)
    if draw.random() < 0.5:
        barrier[key] = draw.choice(VALUES)
    if draw.random() < 0.3:
        barrier[f"{key}:conditional"] = draw.choice(HOURS)
    return barrier


def make_town(draw: random.Random) -> Town:
    plain = {"highway": "residential"}
    long = [(pair, METRE * abs(PLACES[pair[0]][0] - PLACES[pair[1]][0]) or METRE) for pair in GRID]
    streets = [Street("s", "a", plain, METRE), Street("t", "i", plain, METRE)]
    streets += [Street(*pair, street_tags(draw), length) for pair, length in long]
    mixed = any(one.tags["highway"] != "residential" for one in streets)
    town = Town(streets, {n: node_tags(draw) for n in draw.sample("abcdefghi", 2)})
    for _ in range(draw.randint(0, 4)):
        node = draw.choice("abcdefghi")
        meeting = [n for n, one in enumerate(streets) if node in (one.a, one.b)]
        first, last = draw.sample(meeting, 2)
        plain_ways = all(len(streets[n].tags) == 1 for n in (first, last)) and not mixed
        kinds = ["no_left_turn", "no_straight_on", *(["only_straight_on"] if plain_ways else [])]
        named = draw.choice(("", "", ":hgv", ":bus", ":motorcar", ":bicycle"))
        tags = {f"restriction{named}": draw.choice(kinds)}
        if not named and draw.random() < 0.3:
            tags["except"] = "bus"
        if draw.random() < 0.4:
            ((key, value),) = [pair for pair in tags.items() if pair[0] != "except"]
            tags = {**tags, f"{key}:conditional": f"{value} @ {draw.choice(TURN_HOURS)}"}
            del tags[key]
        town.turns.append((first, node, last, tags))
    return town


def place(town: int, x: float, y: float) -> tuple[float, float]:
    return 150 + APART * (town % 8) + STEP * x, 0.1 + APART * (town // 8) + STEP * y


def write(towns: list[Town], path: Path) -> Path:
    """Write towns into one file; a node's id is its letter's, in the thousand of its town."""
    nodes, ways, relations = [], [], []

    def shown(tags: dict[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())

    for number, town in enumerate(towns):
        base = 1000 * (number + 1)
        for letter, at in sorted(PLACES.items()):
            lon, lat = place(number, *at)
            where = f'version="1" lat="{lat:.7f}" lon="{lon:.7f}"'
            told = shown(town.nodes.get(letter, {}))
            nodes.append(f'<node id="{base + ord(letter)}" {where}>{told}</node>')
        for way, one in enumerate(town.streets):
            refs = "".join(f'<nd ref="{base + ord(letter)}"/>' for letter in (one.a, one.b))
            ways.append(f'<way id="{base + way}" version="1">{refs}{shown(one.tags)}</way>')
        for relation, (first, node, last, tags) in enumerate(town.turns):
            members = "".join(
                f'<member type="{kind}" ref="{base + ref}" role="{role}"/>'
                for kind, ref, role in (
                    ("way", first, "from"),
                    ("node", ord(node), "via"),
                    ("way", last, "to"),
                )
            )
            told = shown({"type": "restriction", **tags})
            relations.append(
                f'<relation id="{base + relation}" version="1">{members}{told}</relation>'
            )
    body = "\n".join([*nodes, *ways, *relations])
    path.write_text(f'<osm version="0.6" generator="test">\n{body}\n</osm>', "utf-8")
    return path


def network(url: str, traffic: Traffic) -> RoadNetwork:
    async def read():
        conn = await asyncpg.connect(url)
        try:
            return await read_rows(conn, KIND, traffic)
        finally:
            await conn.close()

    graph = make_graph(asyncio.run(read()), KIND, traffic)
    return RoadNetwork(graph, Topology.build(graph), load_profiles(KIND), shipped_rules())


def driven(
    roads: RoadNetwork, number: int, town: Town, query: PathQuery
) -> tuple[list[int], bool] | None:
    """Return the streets of the path that the network finds, None where there is none.

    With them goes whether the path says that it leads over private roads or through such gates.
    """
    try:
        found = roads.path(query, TIMES[0])
    except SigangError as error:
        assert not isinstance(error, NoSnap)
        return None
    if max(found.legs[0].source.distance_m, found.legs[0].target.distance_m) > 1:
        return None
    passed = [""]
    for point in line(roads.graph, found.legs[0]):
        for letter, at in PLACES.items():
            if np.abs(np.array(place(number, *at)) - point).max() < STEP / 10:
                passed += [letter] if letter != passed[-1] else []
    numbers = {frozenset((one.a, one.b)): n for n, one in enumerate(town.streets)}
    between = pairwise(passed[1:])
    (leg,) = found.legs
    named = leg.begin is not None or leg.end is not None
    return [0, *(numbers[frozenset(pair)] for pair in between), 1], named


def test_random_towns_are_answered_as_the_slow_judge_says(
    conn: psycopg.Connection, database_url: str, tmp_path: Path
) -> None:
    draw = random.Random(SEED)
    towns = [make_town(draw) for _ in range(TOWNS)]
    load_osm(conn, write(towns, tmp_path / "towns.osm"), "towns", lambda line: None)
    conn.commit()
    nets = {traffic.active: network(database_url, traffic) for traffic in (MOTOR, ACTIVE)}
    faults, ways, ended = [], 0, 0
    for number, town in enumerate(towns):
        ends = [place(number, -0.5, 0), place(number, SIDE - 0.5, SIDE - 1)]
        mixed = any(one.tags["highway"] != "residential" for one in town.streets)
        for who in VEHICLES:
            at = draw.choice(TIMES)
            sizes = SIZES.get(who, {})
            slack = METRE if who in AGAINST else 1  # turns cost time: a part of a street
            named = {"maxheight": "height_m", "maxweight": "mass_t", "maxlength": "length_m",
                     "maxaxleload": "axle_t"}  # fmt: skip
            query = PathQuery(
                who, ends, sizes={named[k]: v for k, v in sizes.items()}, depart_at=at
            )
            got = driven(nets[who in ("bicycle", "foot")], number, town, query)
            best = cheapest(town, who, at, 0, 1)
            told = None if got is None else drive(town, who, at, got[0], "s")
            ways += best is not None
            ended += got is not None and got[1]
            if got is not None and told is None:
                faults.append(f"{number} {who} {at}: illegal {got}")
            elif told is not None and any(told[1]) != got[1]:
                faults.append(f"{number} {who} {at}: {got} is private at {told[1]}")
            elif got is None and best is not None:
                faults.append(f"{number} {who} {at}: no way, but there is one of {best:.0f}")
            elif best is not None and told[0] > best + slack and not (mixed and who == "bicycle"):
                faults.append(f"{number} {who} {at}: {got} is {told[0]:.0f} m, not {best:.0f}")
    assert ways > len(VEHICLES) * TOWNS / 4
    assert ended
    assert not faults, f"seed {SEED}: {len(faults)}\n" + "\n".join(faults)
