"""The rule of planning anew: what time, CO2, being late and not being served count for."""

from __future__ import annotations

from pydantic import Field

from spatial.rules import RuleModel, register


class Replanning(RuleModel):
    """Prices in yuan that itineraries are weighed by, and how far ahead is planned.

    `time_cny_per_teu_h` by kind of cargo, the dearest of a shipment's kinds counts; `horizon_days`
    is how long after its beginning a shipment may still arrive.
    """

    time_cny_per_teu_h: dict[str, float]
    co2_cny_per_t: float = Field(ge=0, le=100_000)
    late_cny_per_teu_h: float = Field(ge=0, le=100_000)
    unserved_cny_per_teu: float = Field(gt=0, le=1e7)
    horizon_days: int = Field(ge=1, le=28)

    def time_cny(self, kinds: tuple[str, ...]) -> float:
        """Return what an hour of a TEU of some kinds of cargo is worth."""
        usual = self.time_cny_per_teu_h["container"]
        return max(self.time_cny_per_teu_h.get(kind, usual) for kind in kinds)


REPLANNING = register(
    "linkage.replanning", Replanning, zh="联运中断重排权重", en="Weights of planning anew"
)
