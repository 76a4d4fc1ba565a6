"""The search box on the sample province: the list of questions over HTTP, and how many it answers.

    python -m bench.search [--rounds 2]

The application answers in this process (SIGANG_DATABASE_URL names a filled database), through all
of its HTTP but a socket. Every question of the tests' list is asked in its order, after one round
that is not counted; printed are the median, the 90th and 99th percentile, and recall among three.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx

from api.app import create_app
from spatial.errors import SetupError
from spatial.settings import Settings
from tests.layers.search_questions import HELD, Question, read_questions

HANGZHOU = "120.15,30.27"


async def measure(rounds: int) -> tuple[list[float], list[tuple[Question, bool]]]:
    """Return the seconds of each answer, and whether it was the one that is meant."""
    settings = Settings.from_env()
    if settings.database_url is None:
        raise SetupError("SIGANG_DATABASE_URL is not set", "未设置 SIGANG_DATABASE_URL")
    app = create_app(replace(settings, routing=False))
    questions, times, right = read_questions(), [], []
    async with app.app.router.lifespan_context(app.app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for number in range(rounds + 1):
                for question in questions:
                    began = time.perf_counter()
                    answer = await client.get(
                        "/api/search", params={"q": question.text, "near": HANGZHOU}
                    )
                    took = time.perf_counter() - began
                    results = answer.raise_for_status().json()["results"]
                    if number:
                        times.append(took)
                    else:
                        right.append((question, question.is_found(results)))
    return times, right


def _recall(right: Sequence[tuple[Question, bool]]) -> str:
    found = sum(good for _, good in right)
    return f"{found}/{len(right)} = {found / len(right):.3f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    times, right = asyncio.run(measure(parser.parse_args().rounds))
    shares = statistics.quantiles(times, n=100)
    middle, most, last = (1e3 * shares[at - 1] for at in (50, 90, 99))
    print(f"search: p50 {middle:.1f} ms, p90 {most:.1f} ms, p99 {last:.1f} ms")
    held = [one for one in right if one[0].group == HELD]
    print(f"recall among three: {_recall(right)}; held out {_recall(held)}")


if __name__ == "__main__":
    main()
