"""What visitors, desks, bad values and killed processes can do to a server, tried at length.

    python -m bench.safety [--only WORD] [--kills 46] [--quick] [--readme]

A server on a fresh sample province in a cluster of its own, attacked from loopback; every run ends
by itself. Prints a table: kind, tries, held, figure; `--readme` puts it into bench/README.md.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from bench import safety_data, safety_faults, safety_requests
from bench.report import table
from bench.safety_row import Row, Stand, stand

README = Path(__file__).with_name("README.md")
MARKS = "<!-- safety: begin -->", "<!-- safety: end -->"
Kind = Callable[[Stand], Row]


def kinds(kills: int, quick: bool) -> dict[str, Kind]:
    """Return every kind by its word; what kills comes last."""
    part = 20 if quick else 1
    return {
        "filters": lambda s: safety_requests.filters(s, 2_000 // part),
        "values": lambda s: safety_requests.values(s, 5_000 // part),
        "mixed": lambda s: safety_requests.mixed(s, 64, 40 // (4 if quick else 1)),
        "bodies": safety_requests.large_bodies,
        "unread": safety_requests.unread,
        "half-open": lambda s: safety_requests.half_open(s, 1_500 // part),
        **safety_data.kinds(quick),
        "stream": lambda s: safety_faults.stream(s, 200 // part),
        "freeze": safety_faults.freeze,
        "kills": lambda s: safety_faults.kills(s, kills),
    }


def main() -> int:
    """Run the kinds asked for; exit code 1 where one did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="kinds whose word holds this text")
    parser.add_argument("--kills", type=int, default=46, help="rounds of kill −9 (default 46)")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the tries")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    options = parser.parse_args()
    rows = []
    with stand() as ready:
        for word, kind in kinds(options.kills, options.quick).items():
            if options.only is None or options.only in word:
                rows.append(_run(word, kind, ready))
    text = table(
        ["kind", "tries", "held", "figure"],
        [[row.kind, f"{row.tries:,}", "yes" if row.held else "**no**", row.figure] for row in rows],
    )
    print(f"\n{text}")
    if options.readme:
        before, _, rest = README.read_text("utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        README.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", "utf-8")
    return 0 if all(row.held for row in rows) else 1


def _run(word: str, kind: Kind, ready: Stand) -> Row:
    try:
        row = kind(ready)
    except Exception:  # one that fails does not stop the others
        row = Row(word, 0, False, "failed", [traceback.format_exc()])
    print(f"{'held' if row.held else 'BROKEN':7} {row.kind}: {row.figure}", flush=True)
    for text in row.broken[:5]:
        print(f"        {text}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
