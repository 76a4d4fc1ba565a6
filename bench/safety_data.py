"""Values that must not blind a server: rows on the edge of the world, texts in the audit, rules."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable

import psycopg

from api.audit.check import check
from api.audit.heads import Heads
from bench import safety_load
from bench.safety_load import ATTACKS, p95
from bench.safety_row import Row, Stand, visitors

LAG_WAIT_S = 90.0
SHAPES = (
    "POINT(0 90)", "POINT(0 -90)", "POINT(180 0)", "POINT(-180 85.06)", "POINT(1e300 0)",
    "POINT(0 1e300)", "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))",
    "LINESTRING(179 0,-179 0)", "LINESTRING(120 30,120 30)", "POINT EMPTY",
    "POLYGON((0 89.9,90 89.9,180 89.9,-90 89.9,0 89.9))",
)  # fmt: skip
"""Geometries that a loader would refuse and an owner can still write."""
TEXTS = ("ten", "1e999", "", "-", "NaN", "∞", "12 m", "[]")
"""Texts where a number should be."""
_ROW = """
INSERT INTO sigang.facility (kind, name_zh, admin_code, visibility, origin, source_id, props, geom)
SELECT 'port', %s, '330200', 'public', 'synthetic', id, %s::jsonb, ST_GeomFromText(%s, 4326)
FROM sigang.source LIMIT 1"""


def kinds(quick: bool) -> dict[str, Callable[[Stand], Row]]:
    """Return the kinds of this module, and one for each attack of load."""
    part, seconds = (10, 4.0) if quick else (1, 10.0)
    loads = {
        f"load-{name}": lambda stand, name=name: load(stand, name, seconds) for name in ATTACKS
    }
    return {
        **loads,
        "freshness": lambda stand: freshness(stand, 300 // part),
        "audit": lambda stand: audit(stand, 20_000 // part),
        "tampering": tampering,
    }


def load(stand: Stand, name: str, seconds: float) -> Row:
    """Ask for one kind of thing from many connections while a dispatcher works."""
    server = stand.server
    keys = server.key("dispatcher"), server.key("planner")
    [row] = safety_load.run(server.base_url, *keys, [name], seconds)
    paths, closures = p95(row.during.paths), p95(row.during.closures)
    before = p95(row.before.paths), p95(row.before.closures)
    figure = (
        f"path p95 {1e3 * paths:.0f} ms ({1e3 * before[0]:.0f} before),"
        f" closure {1e3 * closures:.0f} ms ({1e3 * before[1]:.0f} before)"
    )
    answers = sum(row.answers.statuses.values())
    kind = f"{ATTACKS[name].connections} anonymous connections: {name}"
    return Row(kind, answers, row.held, figure)


def freshness(stand: Stand, tries: int) -> Row:
    """Write rows off the world and texts for numbers among good rows: maps stay current."""
    chosen, bad = random.Random(11), []
    for number in range(tries):
        shape = chosen.choice(SHAPES) if number % 2 else f"POINT({121 + number / 1000} 29.9)"
        with psycopg.connect(stand.server.database_url) as conn, contextlib.suppress(psycopg.Error):
            props = f'{{"capacity": "{chosen.choice(TEXTS)}", "berths": "{chosen.choice(TEXTS)}"}}'
            conn.execute(_ROW, [f"edge {number}", props, shape])
    began, lag = time.monotonic(), None
    while time.monotonic() - began < LAG_WAIT_S:
        with psycopg.connect(stand.server.database_url) as conn:
            row = conn.execute("SELECT count(*) FROM sigang.tile_change").fetchone()
        if row == (0,):
            lag = time.monotonic() - began
            break
        time.sleep(0.2)
    with contextlib.closing(stand.server.client()) as client:
        wanted = {"filter": "name_zh LIKE 'edge %'", "limit": 10_000}
        answer = client.get("/api/collections/ports/items", params=wanted)
        if answer.status_code != 200:
            bad.append(answer.text[:160])
        for z, x, y in ((6, 53, 26), (8, 214, 105), (10, 857, 423)):
            tile = client.get(f"/api/collections/ports/tiles/WebMercatorQuad/{z}/{y}/{x}")
            if tile.status_code not in (200, 204):
                bad.append(f"tile {z}/{y}/{x}: {tile.status_code}")
    with psycopg.connect(stand.server.database_url, autocommit=True) as conn:
        conn.execute("DELETE FROM sigang.facility WHERE name_zh LIKE 'edge %'")
    figure = "the tiles never caught up" if lag is None else f"tiles current after {lag:.1f} s"
    held = lag is not None and not bad
    return Row("rows off the world, texts for numbers", tries, held, figure, bad)


def audit(stand: Stand, tries: int) -> Row:
    """Fill headers and parameters with NULs and long texts: sealing goes on, in little space."""
    size = "SELECT pg_total_relation_size('sigang.audit') + coalesce((SELECT sum("
    size += "pg_total_relation_size(inhrelid)) FROM pg_inherits"
    size += " WHERE inhparent = 'sigang.audit'::regclass), 0)"
    chosen, bad = random.Random(13), []

    def bytes_now() -> int:
        with psycopg.connect(stand.server.database_url) as conn:
            return int(conn.execute(size).fetchone()[0])  # type: ignore[index]

    before = bytes_now()
    with visitors(stand) as next_visitor:
        for number in range(tries):
            client = next_visitor()
            length = chosen.choice((3, 400, 6_000))
            purpose = bytes(chosen.randrange(33, 127) for _ in range(length))
            path = "/api/collections/ports/items?limit=1" + ("&filter-crs=%00" * (number % 5 == 0))
            answer = client.get(path, headers={"Sigang-Purpose": purpose})
            if answer.status_code not in (200, 400, 429, 431):
                bad.append(f"{answer.status_code} {path}")
    time.sleep(3)
    waiting = stand.metric("audit_waiting_seconds")
    grown = bytes_now() - before
    figure = f"{grown / 1024:.0f} kB of audit, oldest unsealed line {waiting:.1f} s"
    held = not bad and waiting < 70 and grown < 4 * 2**20
    return Row("texts into the audit", tries, held, figure, bad)


TAMPERING = (
    "UPDATE sigang.audit SET target = 'x' WHERE seq = (SELECT max(seq) / 2 FROM sigang.audit)",
    "DELETE FROM sigang.audit WHERE seq = (SELECT max(seq) / 2 FROM sigang.audit)",
    "DELETE FROM sigang.audit WHERE seq > (SELECT max(seq) - 3 FROM sigang.audit)",
    "TRUNCATE sigang.audit",
)


def tampering(stand: Stand) -> Row:
    """Change, delete, cut and empty the audit as its owner: each is found, and rolled back."""
    heads, found = Heads(stand.server.home), 0
    for statement in TAMPERING:
        with psycopg.connect(stand.server.database_url) as conn:
            conn.execute(statement)
            found += check(conn, heads).broken is not None
            conn.rollback()
    with psycopg.connect(stand.server.database_url) as conn:
        whole = check(conn, heads).broken is None
    figure = f"{found} found; the untouched chain is whole: {whole}"
    return Row("the audit changed by its owner", len(TAMPERING), found == 4 and whole, figure)
