"""The search box on the sample province: the time of one answer, in the server.

    python -m bench.search [--rounds 200]

It asks for names in both languages, a code, a stake and part of a name, one after another on one
connection of a filled database (SIGANG_DATABASE_URL), and prints median and 99th percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from layers.declare.catalog import Catalog
from layers.features.search import Search
from spatial.actor import ANONYMOUS
from spatial.errors import SetupError
from spatial.postgres.db import Database
from spatial.settings import Settings

ASKED = (
    "嘉兴",
    "beilun",
    "杭州湾跨海大桥",
    "G92 K105+500",
    "CNNGB",
    "hangzhou",
    "ningb",
    "120.5,30.2",
)


async def measure(rounds: int) -> list[float]:
    """Return the seconds of each answer."""
    settings = Settings.from_env()
    if settings.database_url is None:
        raise SetupError("SIGANG_DATABASE_URL is not set", "未设置 SIGANG_DATABASE_URL")
    db = await Database.open(settings, settings.database_url)
    search, times = Search(db), []
    layers = [layer.id for layer in Catalog.load(settings.areas).list_layers(ANONYMOUS)]
    for text in ASKED:
        if not (await search.find(ANONYMOUS, text, 10, layers)).hits:
            raise RuntimeError(f"nothing found for {text!r}: is the sample loaded?")
    for number in range(rounds):
        began = time.perf_counter()
        await search.find(ANONYMOUS, ASKED[number % len(ASKED)], 10, layers)
        times.append(time.perf_counter() - began)
    await db.close()
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    times = asyncio.run(measure(parser.parse_args().rounds))
    p99 = statistics.quantiles(times, n=100)[98]
    print(f"search: p50 {statistics.median(times) * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
