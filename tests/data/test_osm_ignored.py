"""What a load could not read is told with counts and ids, of ways, nodes and relations."""

from pathlib import Path

import psycopg
import pytest

from data.osm.load import load_osm
from tests.data.osm_maps import Map

pytestmark = pytest.mark.db

STREET = """
 a b c d e
   x   y
"""


def test_what_is_not_read_is_told(conn: psycopg.Connection, tmp_path: Path) -> None:
    drawn = Map(STREET).way("abcde", 7, highway="residential", hgv="foo", maxspeed="fast")
    drawn.way("bx", 8, highway="residential").way("dy", 9, highway="residential")
    drawn.node("b", barrier="moat", motorcar="perhaps").node("c", maxheight="low")
    drawn.node("d", barrier="gate", access="yes").node("e", barrier="bollard")
    drawn.node("y", highway="traffic_signals", maxheight="3.5")
    far = [("w", 8, "from"), ("n", "c", "via"), ("w", 9, "to")]
    drawn.restriction(far, restriction="no_left_turn")
    clean = {"type": "boundary", "boundary": "low_emission_zone"}
    drawn.relations.append(([("w", 7, "outer")], clean))
    told: list[str] = []
    load_osm(conn, drawn.write(tmp_path / "map.osm.pbf"), "test", told.append)
    b, c = drawn.ref("b"), drawn.ref("c")
    nodes = "not understood on nodes, shut to whom it concerns"
    assert [line for line in told if "not " in line or "zone" in line] == [
        "not understood, shut to whom it concerns: hgv=foo (1: 7)",
        f"{nodes}: barrier=moat (1: {b})",
        f"{nodes}: max_height_m=low (1: {c})",
        f"{nodes}: motorcar=perhaps (1: {b})",
        "not read, counts for nothing: maxspeed=fast (1: 7)",
        "turn restrictions that bar nothing, as their roads do not meet or are not loaded:"
        " no_left_turn (1: 900)",
        "areas that keep nobody out unless rule road.clean_zones lists them:"
        " boundary=low_emission_zone on relations (1: 901)",
    ]
