"""DuckDB over Parquet: run by its own environment (see indicators.py).

    python duckdb_process.py ROWS.csv ROWS.parquet

Each line of the input is a statement as JSON text; each line of the output is
`[seconds, [[value, …], …]]`. The statements read `rows`.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Write the Parquet file, then answer until the input ends."""
    import duckdb

    rows, parquet = sys.argv[1:]
    duckdb.execute("SET TimeZone = 'UTC'")
    duckdb.execute(f"COPY (FROM read_csv('{rows}')) TO '{parquet}' (FORMAT parquet)")
    duckdb.execute(f"CREATE VIEW rows AS FROM read_parquet('{parquet}')")
    for line in sys.stdin:
        began = time.perf_counter()
        found = duckdb.execute(json.loads(line)).fetchall()
        took = time.perf_counter() - began
        print(json.dumps([took, found], default=str), flush=True)


if __name__ == "__main__":
    main()
