"""DuckDB or chDB over one Parquet file: run by its own environment (see heat_peers.py).

    python heat_peer_process.py {duckdb|chdb} ROWS.parquet FOLDER

Each line of the input is a statement as JSON text over `seen`; each line of the output is
`[seconds by the clock, seconds of the processor, [[value, …], …]]`. The first line tells version
and seconds of making ready.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path
from typing import Any

Ask = Callable[[str], list[Any]]


def duckdb_engine(parquet: str, _: str) -> tuple[str, Ask]:
    """Return DuckDB with its spatial extension, which is a package of its own."""
    import duckdb

    found = [f for f in files("duckdb-extension-spatial") or [] if f.suffix == ".duckdb_extension"]
    connection = duckdb.connect()
    connection.execute(f"LOAD '{Path(str(found[0].locate()))}'")
    connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW seen AS FROM read_parquet('{parquet}')")
    return duckdb.__version__, lambda sql: connection.execute(sql).fetchall()


def chdb_engine(parquet: str, folder: str) -> tuple[str, Ask]:
    """Return ClickHouse in this process, with the rows in a table in the order of their keys."""
    from chdb import session

    held = session.Session(f"{folder}/chdb")
    held.query("CREATE DATABASE bench ENGINE = Atomic; USE bench")
    held.query("SET max_threads = 1, output_format_json_quote_64bit_integers = 0")
    held.query(
        "CREATE TABLE seen (key Int64, lon Float64, lat Float64, at DateTime('UTC'), kind Int8)"
        " ENGINE = MergeTree ORDER BY key"
    )
    held.query(f"INSERT INTO seen SELECT key, lon, lat, at, kind FROM file('{parquet}', Parquet)")
    held.query("OPTIMIZE TABLE seen FINAL")

    def ask(sql: str) -> list[Any]:
        found: list[Any] = json.loads(held.query(sql, "JSONCompact").bytes())["data"]
        return found

    return str(ask("SELECT version()")[0][0]), ask


def main() -> None:
    """Make ready, then answer until the input ends."""
    name, parquet, folder = sys.argv[1:]
    began = time.process_time()
    version, ask = {"duckdb": duckdb_engine, "chdb": chdb_engine}[name](parquet, folder)
    print(json.dumps([version, time.process_time() - began]), flush=True)
    for line in sys.stdin:
        statement = json.loads(line)
        clock, used = time.perf_counter(), time.process_time()
        found = ask(statement)
        took = time.perf_counter() - clock, time.process_time() - used
        print(json.dumps([*took, found]), flush=True)


if __name__ == "__main__":
    main()
