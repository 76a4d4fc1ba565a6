"""How long a freeze of 30 indicators over 200,000 rows takes, with all files and both editions.

    python -m bench.reports URL [--rows 200000]

URL is that of a migrated, empty database; it is filled as `bench.indicators` does. A month is
frozen, and then a version that corrects it, so that both ways are measured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from psycopg.types.json import Jsonb

from api.cli.freezer import GATHERED
from bench.indicators import declare, fill
from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.indicators.periods import period_at
from layers.reports.catalogue import read_reports
from layers.reports.fonts import unpacked_fonts
from layers.reports.freeze import Ground, Order, freeze
from layers.reports.keys import signing_key
from layers.reports.render_pdf import Press
from spatial.postgres.db import connect

assert GATHERED  # the models of all rules are registered
NUMBERS = 30
HEAD = 'title = { zh = "报告", en = "Report" }\nperiod = "month"\n'
ITEM = '[[items]]\nindicator = "n{:02}"\nmap = {}\nranking = true\n'
CLOCK = {kind: {"day": 1, "hour": 8, "back": 1, "late_h": 24} for kind in ("week", "month")}
RULE = """
INSERT INTO sigang.rule (key, version, value, source, origin, valid_from)
VALUES ('office.report_clock', '1', %s, 'bench', 'schematic', '2020-01-01T00:00:00Z')"""
SIZE = """
SELECT count(*), pg_size_pretty(pg_total_relation_size('sigang.report_row'))
FROM sigang.report_row"""


def main() -> None:
    """Fill, freeze, correct, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        areas, home = Path(folder) / "areas", Path(folder) / "home"
        areas.mkdir()
        declare(areas)
        items = (ITEM.format(n, "true" if n < 3 else "false") for n in range(NUMBERS))
        text = HEAD + "\n".join(items)
        (areas / "safety" / "bench.report.toml").write_text(text, encoding="utf-8")
        fill(given.url, given.rows)
        with connect(given.url) as conn:
            conn.execute(RULE, [Jsonb(CLOCK)])
        catalog = Catalog.load(areas, read_indicators, read_reports)
        press = Press(unpacked_fonts(home))
        ground = Ground(given.url, catalog, press, signing_key(home), None)
        month = period_at("month").previous
        for order in (Order("bench", month, "bench"), Order("bench", month, "bench", 1, "again")):
            began = time.perf_counter()
            version = freeze(ground, order)
            print(f"version {version}: {time.perf_counter() - began:.2f} s")
        with connect(given.url) as conn:
            rows, size = conn.execute(SIZE).fetchone() or (0, "")
            print(f"{rows} frozen rows of both versions, {size}")


if __name__ == "__main__":
    main()
