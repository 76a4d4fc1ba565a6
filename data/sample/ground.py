"""Controlled ground of the sample: made-up zones, and which categories are known by county."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
import shapely

from data.facts import read_facts
from data.sample.airspace import ZONE_COLUMNS, Row
from data.things import Places, clear, write_sources
from spatial.airspace_rules import GROUND
from spatial.geo.volumes import geodesic_ring
from spatial.ids import stable_uuid7
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule

SOURCE = "sample-ground"
_COUNTIES = """
SELECT admin_code, name_zh, name_en, ST_AsBinary(geom) FROM sigang.zone
WHERE kind = 'county' ORDER BY admin_code"""


def load_ground(conn: psycopg.Connection) -> None:
    """Load the zones, and one row of coverage per county."""
    write_sources(conn, SOURCE)
    clear(conn, [SOURCE], "zone")
    rule = read_rule(GROUND)
    version = f"{rule.key}@{rule.version}"
    categories = list(rule.value.root)
    rows = [*_coverage(conn, categories, version), *_zones(conn, version)]
    copy_rows(conn, "zone", ZONE_COLUMNS, rows)


def _coverage(conn: psycopg.Connection, categories: Sequence[str], version: str) -> Iterator[Row]:
    facts = read_facts("controlled_ground")
    for code, zh, en, shape in conn.execute(_COUNTIES).fetchall():
        stated = facts["county"].get(code, facts["province"])
        statuses = {name: stated.get(name, "unknown") for name in categories}
        unknown = sum(status == "unknown" for status in statuses.values())
        yield (
            stable_uuid7(SOURCE, f"coverage:{code}"), "ground_coverage", code, "public",
            "synthetic", SOURCE, version, zh, en, code, "unknown" if unknown else "known",
            None, None, None, None, None, None, None, None,
            shapely.from_wkb(shape), {**statuses, "unknown": unknown},
        )  # fmt: skip


def _zones(conn: psycopg.Connection, version: str) -> Iterator[Row]:
    places = Places(conn)
    for zone in read_facts("controlled_ground")["zone"]:
        lon, lat = zone["at"]
        circle = shapely.Polygon(geodesic_ring(lon, lat, zone["radius_m"])[::-1])
        yield (
            stable_uuid7(SOURCE, zone["id"]), "controlled_ground",
            places.codes_of([shapely.Point(lon, lat)])[0], "public", "synthetic", SOURCE, version,
            zone["zh"], zone["en"], zone["id"], zone["category"], "REQ_AUTHORISATION", None,
            None, None, None, None, f"SRID=4326;POINT({lon} {lat})", zone["radius_m"],
            shapely.MultiPolygon([circle]), {},
        )  # fmt: skip
