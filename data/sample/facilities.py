"""Facilities of the sample: airfields, runways, ports, dry ports and the hubs of the four ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import psycopg
import shapely
from psycopg.types.json import Jsonb

from data.facts import read_facts
from data.sample import airports, ports
from data.things import Places, Thing, clear, write_sources, write_things
from spatial.ids import stable_uuid7
from spatial.rule_files import read_rule
from spatial.rule_models import UNIT_TOLERANCE

Progress = Callable[[str], None]
HUBS = "sample-hubs"
_HUB_KINDS = {"sea": "terminal", "river": "terminal", "dry": "hub"}
SOURCES = (airports.SOURCE, ports.UNLOCODE, ports.SEAROUTE, HUBS)
Reject = tuple[str, str, Mapping[str, object]]


def load_facilities(conn: psycopg.Connection, progress: Progress) -> None:
    """Load airfields, ports and hubs, and quarantine the rows in the wrong place."""
    write_sources(conn, *SOURCES)
    clear(conn, SOURCES, "facility")
    places = Places(conn)
    tolerance = read_rule(UNIT_TOLERANCE).value.root
    progress("airports, heliports and runways")
    fields, strays = airports.read_airfields(places)
    progress("ports, dry ports and hubs")
    found = ports.read_ports(places, _stand_ins(), tolerance)
    hubs = list(_hubs())
    write_things(conn, [*fields, *found.things, *hubs])
    quarantine(conn, airports.SOURCE, len(fields), strays)
    for source, rejects in found.rejects.items():
        loaded = sum(1 for thing in found.things if thing.source_id == source)
        quarantine(conn, source, loaded, rejects)


def quarantine(conn: psycopg.Connection, source: str, loaded: int, rejects: list[Reject]) -> None:
    """Record a load of the sample and the rows that it set aside; the last load replaces."""
    run = stable_uuid7(source, "sample-load")
    conn.execute("DELETE FROM sigang.load_run WHERE id = %s", [run])
    conn.execute(
        "INSERT INTO sigang.load_run (id, source_id, kind, rows_ok, rows_bad, state, finished_at)"
        " VALUES (%s, %s, 'sample', %s, %s, 'done', now())",
        [run, source, loaded, len(rejects)],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sigang.quarantine (load_id, row_no, reason, detail, row)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                [run, number, reason, detail, Jsonb(row)]
                for number, (reason, detail, row) in enumerate(rejects, 1)
            ],
        )


def _stand_ins() -> dict[str, tuple[float, float]]:
    """Return where a port stands that has no published point: its hub's place, else the seat."""
    facts = read_facts("admin")
    units = facts["prefecture"] | facts["county"]
    at = {code: unit["seat"] for code, unit in units.items()}
    at |= {hub["unlocode"]: hub["at"] for hub in read_facts("hubs")["hub"] if "unlocode" in hub}
    return {key: (lon, lat) for key, (lon, lat) in at.items()}


def _hubs() -> Iterator[Thing]:
    """Yield sea and river port areas as terminals, dry ports of the linkage as hubs."""
    facts = read_facts("hubs")
    for hub in facts["hub"]:
        yield Thing(
            hub["id"], _HUB_KINDS[hub["kind"]], "schematic", HUBS, shapely.Point(hub["at"]),
            hub["zh"], hub["en"], hub["unit"], un_locode=hub.get("unlocode"),
            props={
                "modes": hub["kind"], "source": facts["sources"][hub["source"]],
                "accuracy_m": hub["accuracy_m"], "water_only": hub.get("water_only", False),
            },
        )  # fmt: skip
