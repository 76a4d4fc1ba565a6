"""What a found path amounts to: lengths, times, shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from routing.figure_kernels import BASIS, ORIGIN, TOLLED, UNSAID, UNSURE, add_up, look_up
from routing.graph import Bools, Edges, Floats, Ints
from routing.legs import Leg
from routing.network import Found
from routing.profile import BASES

NO_EDGES = np.zeros(0, np.bool_)


@dataclass(frozen=True)
class Figures:
    """Figures of a path or a leg; shares are of its length and sum to 1.

    `by_leg` holds length (m) and time (s) of each leg, `carried` the edges that were to be told of,
    in driving order; `turns_round` counts where an edge is driven back at once. `toll_cny` and
    `co2_kg` are None where no rule tells them; `toll_basis` is how the roads are known to be tolled
    or free: `posted` where each says so, else `assumed` from their class.
    """

    length_m: float
    duration_s: float
    by_leg: list[tuple[float, float]]
    basis_share: dict[str, float]
    limits_unknown_share: float
    origin_share: dict[str, float]
    refs: list[str]
    carried: list[int]
    turns_round: int = 0
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


def figures(edges: Edges, found: Found, legs: Sequence[Leg], carrying: Bools = NO_EDGES) -> Figures:
    """Sum up some legs of a found path; `carrying` marks the edges to be told of, if any."""
    first, *drive = _parts(legs)
    costs, tolls, origins = found.costs, found.costs.tolls, len(edges.origin.values)
    sums = add_up(
        *drive, first, edges.length_m, costs.speed_kmh, found.picture.cap_kmh, costs.basis,
        edges.origin.codes, origins,
    )  # fmt: skip
    unsure = found.vehicle.unsure(edges, drive[0] >> 1)
    tolled, said = (NO_EDGES, NO_EDGES) if tolls is None else (tolls.tolled, tolls.said)
    refs, carried = look_up(
        *drive, edges.length_m, unsure, tolled, said, edges.ref.codes, carrying, sums
    )
    told: list[float] = sums.tolist()
    by_leg = list(zip(told[ORIGIN + origins :: 2], told[ORIGIN + origins + 1 :: 2], strict=True))
    metres = sum(leg[0] for leg in by_leg)
    co2 = costs.co2_kg_km * metres / 1000
    return Figures(
        length_m=metres,
        duration_s=sum(leg[1] for leg in by_leg) / 1000,
        by_leg=[(m, ms / 1000) for m, ms in by_leg],
        basis_share=_shares(BASES, told[BASIS:ORIGIN], metres),
        limits_unknown_share=_share(told[UNSURE], metres),
        origin_share=_shares(edges.origin.values, told[ORIGIN : ORIGIN + origins], metres),
        refs=[edges.ref.values[code] for code in dict.fromkeys(refs.tolist())],
        carried=carried.tolist(),
        turns_round=int(np.count_nonzero(drive[0][1:] == drive[0][:-1] ^ 1)),
        toll_cny=None if tolls is None else told[TOLLED] / 1000 * tolls.cny_km,
        toll_basis=None if tolls is None else "assumed" if told[UNSAID] else "posted",
        co2_kg=co2 if isfinite(co2) else None,
    )


def _parts(legs: Sequence[Leg]) -> tuple[Ints, Ints, Floats, Floats]:
    """Return where each leg begins and the last one ends, keys, and begin and end of parts."""
    if len(legs) == 1:
        return np.array([0, len(legs[0].keys)]), legs[0].keys, legs[0].start, legs[0].stop
    first = np.cumsum([0, *(len(leg.keys) for leg in legs)])
    columns = ([leg.keys for leg in legs], [leg.start for leg in legs], [leg.stop for leg in legs])
    keys, start, stop = map(np.concatenate, columns)
    return first, keys, start, stop


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole > 0 else 0.0


def _shares(names: Sequence[str], metres: Sequence[float], total: float) -> dict[str, float]:
    return {n: _share(m, total) for n, m in zip(names, metres, strict=True) if m > 0}
