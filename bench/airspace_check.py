"""May I fly? One flight, columns, refusals, tiles and the offline pack over a sample province.

    python -m bench.airspace_check URL [single] [batch] [refused] [tiles] [pack] [--probes 100000]

`URL` is that of a running server with the sample, on an otherwise quiet machine. Each part asks it
over one kept connection; the pack is read by its own reader, and each verdict held against `check`.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np

from routing.airspace.pack_reader import Pack

CHECK = "/api/airspace/check"
TILE = "/api/airspace/suitability/tiles/WebMercatorQuad/{z}/{y}/{x}"
BOX = (118.0, 27.2, 122.8, 31.2)
ROUNDS, WARM = 500, 50
AIRCRAFT = ("micro", "light", "small", "medium")
DATUMS = ("AGL", "AMSL", "W84")
EACH = 25_000
shuffled = random.Random(7)


def place() -> list[float]:
    """Return a place somewhere in the province."""
    return [shuffled.uniform(BOX[0], BOX[2]), shuffled.uniform(BOX[1], BOX[3])]


def question(at: datetime, **more: Any) -> dict[str, Any]:
    """Return a question about one place."""
    return {
        "geometry": {"type": "Point", "coordinates": place()},
        "height": {"value": 100, "datum": "AGL", "unit": "m"}, "aircraft": "light",
        "at": at.isoformat(), **more,
    }  # fmt: skip


def timed(ask: Callable[[], httpx.Response], rounds: int, status: int) -> str:
    """Return median, 99th percentile and longest time of a request."""
    spent = []
    for number in range(rounds + WARM):
        began = time.perf_counter()
        answer = ask()
        if number >= WARM:
            spent.append((time.perf_counter() - began) * 1e3)
        assert answer.status_code == status, answer.text
    spent.sort()
    p99 = spent[int(len(spent) * 0.99)]
    return f"p50 {statistics.median(spent):.2f} ms, p99 {p99:.2f} ms, max {spent[-1]:.1f} ms"


def part_single(client: httpx.Client, at: datetime) -> None:
    """Time questions about one place, with alternatives and without, beside a plain answer."""
    for looked in (False, True):
        told = timed(
            lambda: client.post(CHECK, json=question(at, alternatives=looked)),  # noqa: B023
            ROUNDS, 200,
        )  # fmt: skip
        print(f"one place, alternatives {'looked for' if looked else 'left out'}: {told}")
    print(f"what is not asked of the air: {timed(lambda: client.get('/healthz'), ROUNDS, 200)}")


def part_batch(client: httpx.Client, at: datetime) -> None:
    """Time 100,000 places as columns."""
    places = [place() for _ in range(100_000)]
    body = question(at) | {"points": {"lon": [p[0] for p in places], "lat": [p[1] for p in places]}}
    del body["geometry"]
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        answer = client.post(CHECK, json=body)
        spent.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
    print(f"100,000 places: {statistics.median(spent):.2f} s, the median of 5")


def part_refused(client: httpx.Client, at: datetime) -> None:
    """Time refusals of what cannot be asked; each has a pointer."""
    ring = [[120 + n * 1e-5, 30.0] for n in range(10_001)]
    crossing = [[[120, 30], [120.1, 30.1], [120.1, 30], [120, 30.1], [120, 30]]]
    height = {"value": 100, "datum": "AGL", "unit": "m"}
    band = {"lower": {**height, "value": 200}, "upper": height}
    around = [[179.9, 30], [-179.9, 30]]
    cases: dict[str, dict[str, Any]] = {
        "10,001 vertices": {"geometry": {"type": "LineString", "coordinates": ring}},
        "self-crossing": {"geometry": {"type": "Polygon", "coordinates": crossing}},
        "antimeridian": {"geometry": {"type": "LineString", "coordinates": around}},
        "31 days ahead": {"at": (datetime.now(UTC) + timedelta(days=31)).isoformat()},
        "no datum": {"height": {"value": 120, "unit": "m"}},
        "floor above ceiling": {"height": None, "band": band},
    }  # fmt: skip
    for name, more in cases.items():
        body = {key: one for key, one in (question(at) | more).items() if one is not None}
        answer = client.post(CHECK, json=body).json()
        assert "pointer" in answer or "pointer" in answer["invalid"][0], answer
        print(f"{name}: {timed(lambda: client.post(CHECK, json=body), 20, 400)}")  # noqa: B023


def part_tiles(client: httpx.Client, at: datetime) -> None:
    """Time tiles that no process has yet."""
    for z in (7, 9, 11, 13, 15):
        heights = iter(range(1, 10_000))

        def cold(z: int = z, heights: Any = heights) -> httpx.Response:
            lon, lat = place()
            y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
            path = TILE.format(z=z, x=int((lon + 180) / 360 * 2**z), y=int(y * 2**z))
            asked = {"height": 50 + next(heights) / 100, "datum": "AGL", "aircraft": "light"}
            return client.get(path, params={**asked, "at": at.isoformat()})

        print(f"tile of zoom {z}, cold: {timed(cold, 60, 200)}")


def part_pack(client: httpx.Client, probes: int) -> None:
    """Hold the verdicts of the offline pack against those of the server."""
    answer = client.get("/api/airspace/pack")
    key = client.get("/api/reports/key").json()["keys"][-1]
    pack, at = Pack(answer.content, key), datetime.now(UTC) + timedelta(hours=3)
    totals: Counter[str] = Counter()
    began = time.perf_counter()
    for first in range(0, probes, EACH):
        places = [place() for _ in range(min(EACH, probes - first))]
        asked = AIRCRAFT[first // EACH % 4], DATUMS[first // EACH % 3]
        totals += _compared(client, pack, places, at, *asked)
    spent = time.perf_counter() - began
    print(
        f"pack of {len(answer.content):,} bytes, {probes:,} probes in {spent:.0f} s:"
        f" {totals['same']:,} as the server says, {totals['undetermined']:,} undetermined where it"
        f" knows more, {totals['other']:,} otherwise"
    )


def _compared(
    client: httpx.Client, pack: Pack, places: Sequence[list[float]], at: datetime,
    aircraft: str, datum: str,
) -> Counter[str]:  # fmt: skip
    heights = [shuffled.choice((50.0, 120.0, shuffled.uniform(0, 900))) for _ in places]
    columns = {"lon": [p[0] for p in places], "lat": [p[1] for p in places], "height_m": heights}
    body = {
        "points": columns, "height": {"value": 0, "datum": datum, "unit": "m"},
        "aircraft": aircraft, "at": at.isoformat(),
    }  # fmt: skip
    answer = client.post(CHECK, json=body)
    assert answer.status_code == 200, answer.text
    counted: Counter[str] = Counter()
    for (lon, lat), height_m, said in zip(places, heights, answer.json()["verdict"], strict=True):
        found, _ = pack.verdict(lon, lat, height_m, datum, aircraft, at)
        unsure = found == "undetermined"
        counted["same" if found == said else "undetermined" if unsure else "other"] += 1
    return counted


def main() -> int:
    """Run the parts that are named, or all."""
    names = ("single", "batch", "refused", "tiles", "pack")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("parts", nargs="*", help=" ".join(names))
    parser.add_argument("--probes", type=int, default=100_000)
    chosen, at = parser.parse_args(), datetime.now(UTC) + timedelta(days=2)
    parts = dict(zip(names, (part_single, part_batch, part_refused, part_tiles), strict=False))
    with httpx.Client(base_url=chosen.url, timeout=120, trust_env=False) as client:
        for name in chosen.parts or names:
            if name == "pack":
                part_pack(client, chosen.probes)
            else:
                parts[name](client, at)
    return 0


if __name__ == "__main__":
    sys.exit(main())
