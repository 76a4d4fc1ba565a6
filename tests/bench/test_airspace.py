"""The judge of histories finds what is wrong with them, and nothing else."""

import pytest

from bench.airspace_checker import faults, overlap


def line(name, box=(0, 0, 100, 100), status=201, **more):
    told = {"key": f"k-{name}", "id": name, "box": box, "heights": [0, 30], "seconds": [0, 600]}
    return {**told, "status": status, "conflicts": [], "sent": 1.0, "answered": 2.0, **more}


GOOD = [line("a"), line("b", (100, 0, 200, 100)), line("c", status=409, conflicts=["a"])]


def test_a_good_history():
    assert faults(GOOD, ["a", "b"]) == []
    assert faults([*GOOD, line("d", (300, 0, 400, 100), None)], ["a", "b", "d"]) == []
    assert not overlap(GOOD[0], GOOD[1])


@pytest.mark.parametrize(
    ("history", "stands", "fault"),
    [
        (GOOD, ["a"], "lost"),
        (GOOD, ["a", "b", "x"], "unknown"),
        ([*GOOD, line("d", (50, 0, 100, 100))], ["a", "b", "d"], "double"),
        ([line("a"), line("e", (300, 0, 400, 100), key="k-a")], ["a", "e"], "twice"),
        ([line("a"), line("c", status=409)], ["a"], "refused for nothing"),
        ([*GOOD[:2], line("c", status=409, conflicts=["b"])], ["a", "b"], "refused for what does"),
        ([line("a"), line("c", status=409, conflicts=["c"])], ["a"], "refused for what does"),
        (
            [line("a", sent=9.0), line("c", status=409, conflicts=["a"])],
            ["a"],
            "refused for what came later",
        ),
    ],
)
def test_a_bad_one(history, stands, fault):
    found = faults(history, stands)
    assert len(found) == 1
    assert found[0].startswith(fault)
