"""What counting costs a COPY of passages: its rate with the triggers of the cube, and without.

    python -m bench.heat_copy --url URL [--rows 1000000] [--rounds 5]

Rounds with and without go by turns into an emptied table; a round is told by the processor time of
the backend, beside the clock. The database must be one of its own: it is emptied.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import psycopg

from bench.heat_data import SOURCE, codes, county_of, roads
from spatial.geo.zorder import keys_of
from spatial.postgres.db import connect

COPY = """
COPY sigang.exposure (source_id, key, kind, admin_code, unit_id, visibility, origin, at, n, z_key)
FROM STDIN"""
EMPTY = "TRUNCATE sigang.exposure, sigang.heat_cube, sigang.heat_series, sigang.heat_change"
TRIGGERS = "ALTER TABLE sigang.exposure {} TRIGGER USER"
RIGHT = """
SELECT (SELECT sum(n) FROM sigang.heat_cube WHERE grain = 'd')::bigint,
  (SELECT sum(n) FROM sigang.exposure)::bigint, (SELECT count(*) FROM sigang.heat_cube),
  (SELECT count(*) FROM sigang.heat_change)"""
PIECE = 1 << 20


def passages(rows: int, sites: int, days: int) -> tuple[bytes, float]:
    """Return passages at sites as COPY takes them, and the seconds that their keys took."""
    dice = np.random.default_rng(20260101)
    lon, lat = roads(dice, sites)
    at = dice.integers(0, sites, rows)
    began = time.process_time()
    keys = keys_of(lon[at], lat[at])
    keyed = time.process_time() - began
    county = np.array(codes())[county_of(lon, lat)]
    hour = dice.integers(0, 24 * days, rows)
    base = np.datetime64("2026-01-01T00:00:00")
    times = np.datetime_as_string(base + hour * np.timedelta64(1, "h"), unit="m")
    lines = (
        f"bench\tP{i}\tpassage\t{c}\t{c}-law\tunit\tsynthetic\t{t}Z\t1\t{k}"
        for i, (c, t, k) in enumerate(zip(county[at], times, keys.tolist(), strict=True))
    )
    return ("\n".join(lines) + "\n").encode(), keyed


def cpu_s(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def round_of(conn: psycopg.Connection, data: bytes, *, counted: bool) -> tuple[float, float]:
    """Copy once; return seconds of the backend's processor and by the clock."""
    conn.execute(EMPTY)
    conn.execute(TRIGGERS.format("ENABLE" if counted else "DISABLE"))
    conn.commit()
    pid = conn.info.backend_pid
    before, began = cpu_s(pid), time.perf_counter()
    with conn.cursor() as cursor, cursor.copy(COPY) as copy:
        for start in range(0, len(data), PIECE):
            copy.write(data[start : start + PIECE])
    conn.commit()
    return cpu_s(pid) - before, time.perf_counter() - began


def main(arguments: list[str] | None = None) -> None:
    """Print the rounds and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    for name, usual in (("rows", 1_000_000), ("sites", 200), ("days", 30), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args(arguments)
    data, keyed = passages(given.rows, given.sites, given.days)
    print(f"{given.rows:,} rows, {len(data) / 1e6:.0f} MB; their keys took {keyed:.2f} s")
    ratios = []
    with connect(given.url) as conn:
        conn.execute(SOURCE)
        round_of(conn, data, counted=False)
        for number in range(given.rounds):
            order = (False, True) if number % 2 else (True, False)
            pair = {counted: round_of(conn, data, counted=counted) for counted in order}
            ratios.append(tuple(b / a for a, b in zip(pair[True], pair[False], strict=True)))
            print(
                f"round {number + 1}: bare {pair[False][0]:.2f} s, counted {pair[True][0]:.2f} s;"
                f" keeps {ratios[-1][0]:.2f} of its rate, {ratios[-1][1]:.2f} by the clock"
            )
        round_of(conn, data, counted=True)
        cube, rows, cells, noted = conn.execute(RIGHT).fetchone() or (0, 0, 0, 0)
    cpu, clock = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"median {cpu:.2f}, by the clock {clock:.2f}; counted {cube:,} of {rows:,} passages in"
          f" {cells:,} rows, {noted:,} changes")  # fmt: skip


if __name__ == "__main__":
    main()
