"""What a found path amounts to: lengths, times, shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph import Coded, Edges, Floats, Ints
from routing.legs import Leg
from routing.network import Found
from routing.profile import BASES
from routing.tolls import Tolls


@dataclass(frozen=True)
class Figures:
    """Figures of a path or a leg; shares are of its length and sum to 1.

    `toll_cny` and `co2_kg` are None where no rule tells them; `toll_basis` is how the roads are
    known to be tolled or free: `posted` where each says so, else `assumed` from their class.
    """

    length_m: float
    duration_s: float
    basis_share: dict[str, float]
    limits_unknown_share: float
    origin_share: dict[str, float]
    refs: list[str]
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


def figures(edges: Edges, found: Found, legs: Sequence[Leg]) -> Figures:
    """Sum up some legs of a found path."""
    keys = np.concatenate([leg.keys for leg in legs])
    part = np.concatenate([leg.stop - leg.start for leg in legs])
    chosen = keys >> 1
    length = edges.length_m[chosen] * part
    duration = found.costs.duration_ms(chosen, found.picture.cap_kmh[keys]) * part
    unsure = found.vehicle.unsure(edges, chosen)
    toll, toll_basis = _toll(found.costs.tolls, chosen, length)
    co2 = found.costs.co2_kg_km * float(length.sum()) / 1000
    return Figures(
        length_m=float(length.sum()),
        duration_s=float(duration.sum()) / 1000,
        basis_share=_shares(found.costs.basis[chosen].astype(np.int64), BASES, length),
        limits_unknown_share=_share(float(length[unsure].sum()), float(length.sum())),
        origin_share=_coded_shares(edges.origin, chosen, length),
        refs=_refs(edges.ref, chosen[part > 0]),
        toll_cny=toll,
        toll_basis=toll_basis,
        co2_kg=co2 if np.isfinite(co2) else None,
    )


def _toll(tolls: Tolls | None, chosen: Ints, length: Floats) -> tuple[float | None, str | None]:
    """Return the toll of some edges, and the weakest way in which that of any is known."""
    if tolls is None:
        return None, None
    metres = float(length[tolls.tolled[chosen]].sum())
    said = bool(tolls.said[chosen[length > 0]].all())
    return metres / 1000 * tolls.cny_km, "posted" if said else "assumed"


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
