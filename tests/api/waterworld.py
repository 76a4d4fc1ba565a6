"""A served waterway for tests: a bridge, a lock of two chambers, a falling river."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import shapely

from api.network.rule_models import load_rules
from data.accounts import load_accounts
from spatial.ids import stable_uuid7
from spatial.postgres.db import connect

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
AT = {"A": (120.00, 30.0), "B": (120.05, 30.0), "C": (120.10, 30.0), "D": (120.15, 30.0),
      "E": (120.20, 30.0), "F": (120.05, 30.1), "G": (120.3, 30.3),
      "H": (120.35, 30.3)}  # fmt: skip
EDGES = {"AB": "real", "BC": "real", "CD": "real", "DE": "real", "BF": "real", "GH": "schematic"}
BRIDGE, LOCK, GAUGE, SHIP = (stable_uuid7("water", n) for n in ("bridge", "lock", "gauge", "ship"))
VESSEL = {"draught_m": 2.0, "air_draught_m": 7.2, "beam_m": 10.8, "length_m": 55.0,
          "deadweight_t": 500.0}  # fmt: skip


def edge(name):
    return stable_uuid7("water", f"edge {name}")


def limit(conn, kind, value, *, on=None, facility=None, opening=None, reference=None):
    gauge = GAUGE if reference is not None else None
    datum = "1985" if reference is not None else None
    conn.execute(
        "INSERT INTO sigang.waterway_limit (source_id, origin, edge_id, facility_id, opening, kind,"
        " value, datum, reference_level_m, gauge_id)"
        " VALUES ('water', 'real', %s, %s, %s, %s, %s, %s, %s, %s)",
        [on and edge(on), facility, opening, kind, value, datum, reference, gauge],
    )


def level(conn, hours, *metres, kind="forecast"):
    low, middle, high = metres if len(metres) == 3 else (None, metres[0], None)
    at = NOW + timedelta(hours=hours)
    conn.execute(
        "INSERT INTO sigang.water_level VALUES (%s, %s, %s, %s, %s, %s, %s, 'water', 'synthetic')",
        [GAUGE, kind, at, min(at, NOW - timedelta(hours=1)), low, middle, high],
    )


def fill(url):
    with connect(url) as conn:
        load_accounts(conn)
        load_rules(conn)
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('water', '测试', 'Test', 'CC0', 'Test')"
        )
        for name, origin in EDGES.items():
            line = shapely.LineString([AT[name[0]], AT[name[1]]]).wkt
            conn.execute(
                "INSERT INTO sigang.edge (id, kind, visibility, origin, source_id, mode, class,"
                " from_node, to_node, length_m, geom) VALUES (%s, 'waterway', 'public', %s,"
                " 'water', 'waterway', 'IV', %s, %s,"
                " ST_Length(ST_GeomFromText(%s, 4326)::geography), ST_GeomFromText(%s, 4326))",
                [edge(name), origin, *(stable_uuid7("water", n) for n in name), line, line],
            )
        for row_id, kind, props in (
            (BRIDGE, "bridge", {}), (LOCK, "lock", {}), (GAUGE, "gauge", {"datum": "1985"}),
        ):  # fmt: skip
            conn.execute(
                "INSERT INTO sigang.facility (id, kind, name_zh, name_en, visibility, origin,"
                " source_id, props, geom) VALUES (%s, %s, '甲', %s, 'public', 'synthetic', 'water',"
                " %s, ST_GeomFromText(%s, 4326))",
                [row_id, kind, kind.title(), json.dumps(props), shapely.Point(AT["C"]).wkt],
            )
        for name, structure, relation in (("BC", BRIDGE, "under"), ("CD", LOCK, "carries")):
            conn.execute("INSERT INTO sigang.edge_structure VALUES (%s, %s, %s)",
                         [edge(name), structure, relation])  # fmt: skip
        conn.execute(
            "INSERT INTO sigang.structure_opening VALUES (%s, 1, 'chamber', NULL, NULL, NULL, 1200,"
            " 'water', 'real'), (%s, 2, 'chamber', NULL, NULL, NULL, 1800, 'water', 'real')",
            [LOCK, LOCK],
        )
        for name, depth, reference in (("AB", 3.0, None), ("BC", 3.0, 3.0), ("CD", 4.0, None),
                                       ("DE", 4.0, None), ("GH", 9.0, None)):  # fmt: skip
            limit(conn, "depth", depth, on=name, reference=reference)
        limit(conn, "clearance", 7.0, facility=BRIDGE, reference=3.3)
        limit(conn, "width", 60.0, facility=BRIDGE)
        for number, sizes in ((1, (120.0, 9.0, 4.0)), (2, (100.0, 14.0, 3.0))):
            for kind, value in zip(("length", "width", "sill"), sizes, strict=True):
                limit(conn, kind, value, facility=LOCK, opening=number)
        level(conn, -1, 2.75, kind="reading")
        for hour in range(0, 97, 6):
            level(conn, hour, 2.75 - hour / 200 - 0.02, 2.75 - hour / 200, 2.75)
        conn.execute(
            "INSERT INTO sigang.asset (id, kind, visibility, origin, source_id, identifiers)"
            " VALUES (%s, 'vessel', 'public', 'synthetic', 'water', '{}')", [SHIP],
        )  # fmt: skip
        for kind, days in (
            ("inspection", -1),
            ("registration", 900),
            ("manning", 90),
            ("master", 90),
        ):
            conn.execute(
                "INSERT INTO sigang.vessel_paper (asset_id, kind, grade, persons, valid_to,"
                " source_id, origin) VALUES (%s, %s, %s, %s, %s, 'water', 'synthetic')",
                [SHIP, kind, "三类" if kind == "master" else None, 3 if kind == "manning" else None,
                 NOW + timedelta(days=days)],
            )  # fmt: skip
        conn.execute(
            "UPDATE sigang.network_version SET version = 1, topology = 1 WHERE network = 'waterway'"
        )


def ask(client, what, *places, **more):
    vessel = {**VESSEL, **more.pop("vessel", {})}
    vessel = {name: value for name, value in vessel.items() if value is not None}
    waypoints = [AT[name] for name in places]
    return client.post(
        f"/api/waterway/{what}", json={"vessel": vessel, "waypoints": waypoints, **more}
    )


def told(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def skipper(client, **asked):
    """Ask the page of a skipper for the vessel from A to E."""
    usual = {"from": "120.0,30.0", "to": "120.2,30.0", "light_m": 1.0, "lang": "en", **VESSEL}
    return client.get("/api/waterway/skipper", params={**usual, **asked})
