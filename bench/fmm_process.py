"""FMM (fastmm) in process: run by its own environment (see matching.py).

    python fmm_process.py NETWORK CACHE REACH_M

NETWORK holds one JSON line per directed edge, `[number, tail, head, [[x, y], …]]` in metres. Then
each line of the input is a list of fixes `[[x, y, seconds], …]`; each line of the output is the
matched lines `[[[x, y], …], …]`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

EDGES, RADIUS_M, SIGMA_M, REVERSE_M = 8, 40.0, 8.0, 20.0


def main() -> None:
    """Match until the input ends."""
    import fastmm

    network = fastmm.Network()
    with Path(sys.argv[1]).open() as lines:
        for line in lines:
            number, tail, head, shape = json.loads(line)
            network.add_edge(number, tail, head, [tuple(p) for p in shape])
    network.finalize()
    matcher = fastmm.FastMapMatch(
        network, fastmm.TransitionMode.SHORTEST, float(sys.argv[3]), cache_dir=sys.argv[2]
    )
    print("ready", flush=True)
    for line in sys.stdin:
        fixes = fastmm.Trajectory.from_xyt_tuples([tuple(f) for f in json.loads(line)])
        found = matcher.match(
            fixes, max_candidates=EDGES, candidate_search_radius=RADIUS_M, gps_error=SIGMA_M,
            reverse_tolerance=REVERSE_M,
        )  # fmt: skip
        lines = [
            [[p.x, p.y] for segment in part.segments for e in segment.edges for p in e.points]
            for part in found.subtrajectories
        ]
        print(json.dumps([points for points in lines if points]), flush=True)


if __name__ == "__main__":
    main()
