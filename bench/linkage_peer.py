"""scgraph and HiGHS beside the linkage (see linkage_peers.py): asked by lines of JSON.

Runs in an environment of its own, without Sigang. Only the peers' own work is timed: a graph and a
model are made before.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any

import highspy
import numpy as np
from scgraph import Graph


class Peer:
    """The graph that is searched, and what is asked of it."""

    def load(self, path: str, hierarchy: bool) -> dict[str, Any]:
        """Make the graph, with its contraction hierarchy where that is wanted."""
        given = np.load(path)
        rows: list[dict[int, float]] = [{} for _ in range(int(given["nodes"]))]
        for tail, head, cost in zip(
            given["tail"].tolist(), given["head"].tolist(), given["cost"].tolist(), strict=True
        ):
            rows[tail][head] = min(cost, rows[tail].get(head, np.inf))
        begun = time.process_time()
        self.graph = Graph(rows)
        made = time.process_time()
        if hierarchy:
            self.graph.create_contraction_hierarchy()
        first = int(given["first"])
        self.ends = [(first + 2 * n, first + 2 * n + 1) for n in range(int(given["questions"]))]
        return {"graph_s": made - begun, "hierarchy_s": time.process_time() - made}

    def paths(self, algorithm: str) -> dict[str, Any]:
        """Ask all questions; return lengths and the processor seconds of each."""
        search, lengths, seconds = getattr(self.graph, algorithm), [], []
        for start, goal in self.ends:
            begun = time.process_time()
            try:
                length = search(start, goal)["length"]
            except Exception as error:
                if "path" not in str(error).lower():
                    raise
                length = np.inf
            seconds.append(time.process_time() - begun)
            lengths.append(length)
        return {"lengths": lengths, "seconds": seconds}

    def solve(self, path: str, solver: str) -> dict[str, Any]:
        """Solve a programme: least cost, rows equal or at most."""
        given, model = np.load(path), highspy.HighsLp()
        model.num_col_, model.num_row_ = len(given["cost"]), len(given["row_low"])
        model.col_cost_, model.col_lower_ = given["cost"], np.zeros(len(given["cost"]))
        model.col_upper_ = given["upper"]
        model.row_lower_, model.row_upper_ = given["row_low"], given["row_high"]
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_ = given["start"], given["index"]
        model.a_matrix_.value_ = given["value"]
        if given["whole"]:
            model.integrality_ = [highspy.HighsVarType.kInteger] * model.num_col_
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("mip_rel_gap", 0.0)
        if solver != "mip":
            highs.setOptionValue("solver", solver)
        highs.passModel(model)
        begun = time.process_time()
        highs.run()
        took = time.process_time() - begun
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(str(highs.getModelStatus()))
        return {"objective": highs.getInfo().objective_function_value, "seconds": took}


def main() -> None:
    peer, out = Peer(), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what HiGHS prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        answer = getattr(peer, asked.pop("do"))(**asked)
        answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
