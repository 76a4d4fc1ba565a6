"""What a found path amounts to: lengths, times, shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph import Coded, Edges, Floats, Ints
from routing.legs import Leg
from routing.network import Found
from routing.profile import BASES


@dataclass(frozen=True)
class Figures:
    """Figures of a path or a leg; shares are of its length and sum to 1."""

    length_m: float
    duration_s: float
    basis_share: dict[str, float]
    limits_unknown_share: float
    origin_share: dict[str, float]
    refs: list[str]

    @property
    def basis(self) -> str:
        """The weakest basis of the driving time: it is measured only where all of it is."""
        present = [b for b in BASES if self.basis_share.get(b, 0) > 0]
        return present[-1] if present else BASES[-1]


def figures(edges: Edges, found: Found, legs: Sequence[Leg]) -> Figures:
    """Sum up some legs of a found path."""
    keys = np.concatenate([leg.keys for leg in legs])
    part = np.concatenate([leg.stop - leg.start for leg in legs])
    chosen = keys >> 1
    length = edges.length_m[chosen] * part
    duration = found.costs.duration_ms(chosen, found.picture.cap_kmh[keys]) * part
    unsure = found.vehicle.unsure(edges, chosen)
    return Figures(
        length_m=float(length.sum()),
        duration_s=float(duration.sum()) / 1000,
        basis_share=_shares(found.costs.basis[chosen].astype(np.int64), BASES, length),
        limits_unknown_share=_share(float(length[unsure].sum()), float(length.sum())),
        origin_share=_coded_shares(edges.origin, chosen, length),
        refs=_refs(edges.ref, chosen[part > 0]),
    )


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole > 0 else 0.0


def _shares(codes: Ints, names: Sequence[str], length: Floats) -> dict[str, float]:
    sums = np.bincount(codes, weights=length, minlength=len(names))
    total = float(length.sum())
    return {n: _share(float(s), total) for n, s in zip(names, sums, strict=True) if s > 0}


def _coded_shares(column: Coded, chosen: Ints, length: Floats) -> dict[str, float]:
    return _shares(column.codes[chosen].astype(np.int64), column.values, length)


def _refs(column: Coded, chosen: Ints) -> list[str]:
    """Return the road numbers in driving order, each once."""
    codes = column.codes[chosen]
    return [column.values[code] for code in dict.fromkeys(codes[codes >= 0].tolist())]
