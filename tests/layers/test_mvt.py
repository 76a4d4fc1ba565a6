"""Vector tiles of computed polygons: what is written is read back, of any shape and number."""

from __future__ import annotations

import numpy as np

from layers.tiles.mvt import Outlines, column_of, column_of_array, encode_layer, rectangle_rings
from tests.mvt import decode_tile


def test_numbers_and_texts_come_back():
    dice = np.random.default_rng(3)
    size = 700
    whole = dice.integers(-(1 << 40), 1 << 40, size) // dice.integers(1, 1 << 38, size)
    real, known = dice.normal(0, 1e6, size).round(2), dice.random(size) < 0.8
    left, top = dice.integers(-64, 4096, (2, size))
    rings = rectangle_rings(left, top, left + dice.integers(1, 300, size), top + 7)
    texts = [None if at % 5 == 0 else f"甲{at % 7}" for at in range(size)]
    columns = {
        "whole": column_of_array(whole), "real": column_of_array(real, known),
        "text": column_of(texts), "mixed": column_of([at % 2 == 0 for at in range(size)]),
    }  # fmt: skip
    ids = dice.integers(0, 1 << 62, size)
    found = decode_tile(encode_layer("cells", ids, rings, columns))["cells"]
    assert [one["id"] for one in found] == ids.tolist()
    for at, one in enumerate(found):
        told = {"whole": whole[at], "real": real[at] if known[at] else None, "text": texts[at],
                "mixed": at % 2 == 0}  # fmt: skip
        assert one["properties"] == {
            name: value for name, value in told.items() if value is not None
        }
        (ring,) = one["parts"]
        assert ring == [*map(tuple, rings[at].tolist()), tuple(rings[at, 0].tolist())]


def test_polygons_may_have_holes_and_parts():
    points = np.array(
        [
            [0, 0],
            [90, 0],
            [90, 90],
            [0, 90],
            [10, 10],
            [10, 20],
            [20, 20],
            [-5, 7],
            [3, 9],
            [1, 900],
        ]
    )
    shapes = Outlines(points, np.array([0, 4, 7, 10]), np.array([0, 2, 3]))
    first, second = decode_tile(
        encode_layer("cells", np.array([1, 2]), shapes, {"n": column_of([1, 1])})
    )["cells"]
    assert [len(part) for part in first["parts"]] == [5, 4] and first["parts"][1][1] == (10, 20)
    assert second["parts"] == [[(-5, 7), (3, 9), (1, 900), (-5, 7)]]
    assert encode_layer("cells", np.array([], int), np.empty((0, 4, 2), int), {}).startswith(
        b"\x1a"
    )
