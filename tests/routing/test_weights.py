"""The kernel of weights against the same in plain Python."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cost.weight_kernels import weigh
from routing.graph.weights import INFINITE, LARGEST

EDGES, CLASSES, TURNS = 4, 2, 2
metres = st.floats(0, 1e7)
kmh = st.one_of(st.just(math.nan), st.just(0.0), st.floats(0.5, 200, width=32))


def lists(values, count):
    return st.lists(values, min_size=count, max_size=count)


rows = st.fixed_dictionaries({
    "length": lists(metres, EDGES), "speed": lists(kmh, 2 * EDGES), "factor": lists(kmh, EDGES),
    "cap": lists(kmh, 2 * EDGES), "open": lists(st.booleans(), 2 * EDGES),
    "shut": lists(st.booleans(), 2 * EDGES), "spared": lists(st.booleans(), CLASSES),
    "end": lists(st.integers(0, 60_000), 2 * EDGES),
    "enter": st.integers(0, 9),
    "turn_ms": lists(st.sampled_from([0, 30_000, INFINITE]), TURNS),
    "arcs": st.lists(
        st.tuples(st.integers(0, 2 * EDGES - 1), st.integers(-1, CLASSES - 1),
                  st.integers(-1, TURNS - 1)), min_size=1
    ),
})  # fmt: skip


def plain(row, key, exempt, turn, enter):
    """Return the weight of one arc as the rules have it."""
    speeds = [v for v in (row["speed"][key], row["cap"][key]) if not math.isnan(v)]
    factor, metres_ = row["factor"][key >> 1], row["length"][key >> 1]
    spared = exempt < 0 or row["spared"][exempt]
    if not speeds or min(speeds) == 0 or math.isnan(factor):
        return INFINITE
    if not (row["open"][key] and not row["shut"][key] and spared):
        return INFINITE
    more = row["turn_ms"][turn] if turn >= 0 else 0
    if more == INFINITE:
        return INFINITE
    weight = metres_ * 3600.0 / min(speeds) * factor + row["end"][key] + enter + more
    return min(max(round(weight), 1), LARGEST)


@settings(max_examples=300, deadline=None)
@given(rows)
def test_weights_are_as_in_plain_python(row):
    keys, exempt, turn = zip(*row["arcs"], strict=True)
    chosen = np.arange(len(keys), dtype=np.int64)[::-1].copy()
    found = weigh(
        chosen, np.array(keys, np.int64), np.array(exempt, np.int32), np.array(row["spared"]),
        np.array(turn, np.int32), np.array(row["turn_ms"], np.int32),
        np.array(row["end"], np.int32), np.arange(len(keys), dtype=np.int32) * row["enter"],
        np.array(row["open"]), np.array(row["shut"]),
        np.array(row["cap"], np.float32),
        np.array(row["length"], np.float64), np.array(row["speed"], np.float64),
        np.array(row["factor"], np.float64), LARGEST,
    )  # fmt: skip
    truth = [plain(row, *arc, i * row["enter"]) for i, arc in enumerate(row["arcs"])]
    assert found.tolist() == truth[::-1]
