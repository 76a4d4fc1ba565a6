"""The rules of planning anew: what counts for how much, and how shipments are taken and drawn."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

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


Range = tuple[
    Annotated[int, Field(ge=-1_000, le=1_000)], Annotated[int, Field(ge=-1_000, le=1_000)]
]
"""Least and most, both may be drawn."""


class Drawing(RuleModel):
    """What drawn shipments are like: whole numbers, each of a range as likely as the others.

    Tonnes in a TEU are multiples of `t_step`.
    """

    ready_h: Range
    teu: Range
    t_per_teu: Range
    t_step: int = Field(ge=1, le=100)
    with_latest_share: float = Field(ge=0, le=1)
    latest_days: Range

    @model_validator(mode="after")
    def _in_order(self) -> Drawing:
        for name in ("ready_h", "teu", "t_per_teu", "latest_days"):
            least, most = getattr(self, name)
            if least > most or (name != "ready_h" and least < 1):
                raise ValueError(f"{name}: the least is more than the most, or below one")
        return self


class Taking(RuleModel):
    """How shipments of a disruption are taken: which run a planned leg is, and what is assumed.

    A leg within `same_s` of a run's departure is that run; else the nearest departure of the trip
    or service that it names within `named_h`; else the one of its mode and hubs whose departure
    and arrival both are within `near_h`.
    """

    same_s: int = Field(ge=0, le=3_600)
    named_h: float = Field(ge=0, le=168)
    near_h: float = Field(ge=0, le=72)
    assumed_t_per_teu: float = Field(gt=0, le=100)
    drawn: Drawing


TAKING = register(
    "linkage.disruption_cargo", Taking, zh="中断分析的货运取用", en="Shipments of disruptions"
)
REPLANNING = register(
    "linkage.replanning", Replanning, zh="联运中断重排权重", en="Weights of planning anew"
)
