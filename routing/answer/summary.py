"""What a found path amounts to: lengths, times, shares."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from routing.answer.summary_kernels import (
    BASIS,
    BASIS_AT,
    BASIS_BITS,
    CARRYING,
    DELAY,
    MOST_ORIGINS,
    ORIGIN,
    ORIGIN_AT,
    REF_AT,
    SAID,
    SURE,
    TOLL,
    TOLLED,
    TURNS,
    UNSAID,
    UNSURE,
    add_up,
)
from routing.cost.posted_speeds import BASES
from routing.cost.profile import Costs
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Floats, Ints
from routing.query.driven_leg import Leg
from routing.query.model import Path

NO_EDGES = np.zeros(0, np.bool_)


class Summary(NamedTuple):
    """Figures of a path or a leg; shares are of its length and sum to 1.

    `by_leg` holds length (m) and time (s) of each leg, `carried` the edges that were to be told of,
    in driving order; `delay_s` is the part of the time that turning and what is met on the way
    take, `turns_round` counts where an edge is driven back at once. `toll_cny` and
    `co2_kg` are None where no rule tells them; `toll_basis` is how the roads are known to be tolled
    or free: `posted` where each says so, else `assumed` from their class.
    """

    length_m: float
    duration_s: float
    delay_s: float
    by_leg: list[tuple[float, float]]
    basis_share: dict[str, float]
    limits_unknown_share: float
    origin_share: dict[str, float]
    refs: list[str]
    carried: list[int]
    turns_round: int
    toll_cny: float | None = None
    toll_basis: str | None = None
    co2_kg: float | None = None

    @property
    def co2_basis(self) -> str | None:
        """How the carbon dioxide is known: from an assumed use of fuel, where at all."""
        return None if self.co2_kg is None else BASES[-1]

    @property
    def basis(self) -> str:
        """The weakest basis of the driving time: it is measured only where all of it is."""
        present = [b for b in BASES if self.basis_share.get(b, 0) > 0]
        return present[-1] if present else BASES[-1]


class Sheet:
    """What figures need of the edges for some costs, one row per edge: 16 bytes.

    `carrying` marks the edges to be told of, if any.
    """

    def __init__(self, edges: Edges, costs: Costs, carrying: Bools = NO_EDGES) -> None:
        if len(edges.origin.values) > MOST_ORIGINS:
            raise ValueError(f"more than {MOST_ORIGINS} origins")
        marks = (edges.ref.codes.astype(np.int64) + 1) << REF_AT
        marks |= (edges.origin.codes.astype(np.int64) + 1) << ORIGIN_AT
        basis = costs.basis.astype(np.int64)
        marks |= basis[0::2] << BASIS_AT | basis[1::2] << BASIS_AT + BASIS_BITS
        marks |= np.where(edges.limits_known, SURE, 0)
        if costs.tolls is not None:
            marks |= np.where(costs.tolls.tolled, TOLL, 0) | np.where(costs.tolls.said, SAID, 0)
        if len(carrying):
            marks |= np.where(carrying, CARRYING, 0)
        self.rows = np.column_stack([edges.length_m, marks.astype(np.float64)])


def summarise(
    edges: Edges, found: Path, legs: Sequence[Leg], sheet: Sheet | None = None
) -> Summary:
    """Sum up some legs of a found path; without a sheet of its costs one is made for it."""
    (keys, start, stop), first = _parts(legs)
    rows = (sheet or Sheet(edges, found.costs)).rows
    by_leg = ORIGIN + len(edges.origin.values)
    sums, noted = np.zeros(by_leg + 2 * len(legs)), np.zeros(2 + 2 * len(keys), np.int64)
    vehicle = found.vehicle
    unsure = vehicle.unsure(edges, keys >> 1) if vehicle.tested else NO_EDGES
    waits_ms = np.concatenate([leg.waits_ms(found.costs) for leg in legs])
    add_up(
        keys, start, stop, first, rows, found.costs.speed_kmh, found.view.cap_kmh, waits_ms, unsure,
        sums, noted,
    )  # fmt: skip
    return _told(edges, found, sums.tolist(), noted, by_leg)


def _told(edges: Edges, found: Path, sums: list[float], noted: Ints, by_leg: int) -> Summary:
    """Return the figures that the kernels' sums and notes tell."""
    legs = [(sums[i], sums[i + 1] / 1000) for i in range(by_leg, len(sums), 2)]
    metres = sum([leg[0] for leg in legs])
    tolls, co2 = found.costs.tolls, found.costs.co2_kg_km * metres / 1000
    codes, carried = noted[:2].tolist()
    return Summary(
        length_m=metres,
        duration_s=sum([leg[1] for leg in legs]),
        delay_s=sums[DELAY] / 1000,
        by_leg=legs,
        basis_share=_shares(BASES, sums[BASIS:ORIGIN], metres),
        limits_unknown_share=share_of(sums[UNSURE], metres),
        origin_share=_shares(edges.origin.values, sums[ORIGIN:by_leg], metres),
        refs=[edges.ref.values[code] for code in dict.fromkeys(noted[2 : 2 + codes].tolist())],
        carried=noted[len(noted) // 2 + 1 :][:carried].tolist() if carried else [],
        turns_round=int(sums[TURNS]),
        toll_cny=None if tolls is None else sums[TOLLED] / 1000 * tolls.cny_km,
        toll_basis=None if tolls is None else "assumed" if sums[UNSAID] else "posted",
        co2_kg=co2 if isfinite(co2) else None,
    )


def _parts(legs: Sequence[Leg]) -> tuple[tuple[Ints, Floats, Floats], Ints]:
    """Return keys, begin and end of their parts; and where each leg begins and the last ends."""
    if len(legs) == 1:
        (leg,) = legs
        return (leg.keys, leg.start, leg.stop), np.array([0, len(leg.keys)])
    first = np.cumsum([0, *(len(leg.keys) for leg in legs)])
    keys = np.concatenate([leg.keys for leg in legs])
    start = np.concatenate([leg.start for leg in legs])
    stop = np.concatenate([leg.stop for leg in legs])
    return (keys, start, stop), first


def share_of(part: float, whole: float) -> float:
    """Return the share (0..1) of a part, 0 of nothing."""
    return round(part / whole, 6) if whole > 0 else 0.0


def _shares(names: Sequence[str], metres: Sequence[float], total: float) -> dict[str, float]:
    return {n: share_of(m, total) for n, m in zip(names, metres, strict=True) if m > 0}
