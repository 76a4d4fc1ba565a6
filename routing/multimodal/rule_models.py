"""The rules of itineraries: factors of CO2, prices where none is given, transfers, delays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from routing.multimodal.prices import ANYTHING, Factors, Interval, Tariffs
from routing.multimodal.reliability import Scenario
from spatial.rules import RuleModel, register
from spatial.transport_modes import HAULAGE, Mode

Ends = Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(min_length=2, max_length=2)]
"""Lowest and highest value."""


def _interval(ends: Ends | None) -> Interval:
    return ANYTHING if ends is None else (ends[0], ends[1])


class FactorSet(RuleModel):
    """Grams of CO2 equivalents per tonne-kilometre by mode; a mode left out is not known."""

    source: str
    scope: Literal["well-to-wheel", "tank-to-wheel"]
    g_per_tkm: dict[Mode, Ends]


class FactorSets(RuleModel):
    """Sets of factors by name, and which of them itineraries are reckoned by."""

    default: str
    sets: dict[str, FactorSet]

    @model_validator(mode="after")
    def _known(self) -> FactorSets:
        if self.default not in self.sets:
            raise ValueError(f"default names no set: {self.default}")
        return self

    def factors(self, name: str) -> Factors:
        """Return a set as searches take it."""
        ends = self.sets[name].g_per_tkm
        return Factors(name, {mode: _interval(value) for mode, value in ends.items()})


class AssumedPrices(RuleModel):
    """What a leg costs that nobody priced, yuan: per TEU and km, per TEU loaded or transferred."""

    way_cny_per_teu_km: dict[Mode, Ends]
    lift_cny_per_teu: dict[Mode, Ends]
    transfer_cny_per_teu: Ends

    @property
    def tariffs(self) -> Tariffs:
        """The same as searches take it."""
        return Tariffs(
            {mode: _interval(ends) for mode, ends in self.way_cny_per_teu_km.items()},
            {mode: _interval(ends) for mode, ends in self.lift_cny_per_teu.items()},
            _interval(self.transfer_cny_per_teu),
            _interval(self.way_cny_per_teu_km.get(HAULAGE)),
        )


class Transferring(RuleModel):
    """What changing takes where a hub does not say; between which hubs and with what is driven."""

    handling_s: int = Field(ge=0, le=30 * 86_400)
    information_s: int = Field(ge=0, le=30 * 86_400)
    profile: str
    between_hubs_m: float = Field(ge=0, le=2_000_000)


class Delayed(RuleModel):
    """One state of the world: its share, and how late legs of a mode arrive (s)."""

    name: str
    share: float = Field(ge=0, le=1)
    late_s: dict[Mode, int]


class Delays(RuleModel):
    """The scenarios that the chance of being on time is reckoned over; their shares make 1."""

    scenarios: list[Delayed] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _whole(self) -> Delays:
        if abs(sum(one.share for one in self.scenarios) - 1) > 1e-9:
            raise ValueError("the shares of the scenarios do not make 1")
        return self

    @property
    def played(self) -> list[Scenario]:
        """The same as itineraries are played through it."""
        return [
            Scenario(one.name, one.share, {str(mode): late for mode, late in one.late_s.items()})
            for one in self.scenarios
        ]


class HubChoosing(RuleModel):
    """What ports are compared for: the load, when it is ready, and what still counts as reached.

    It is ready on a weekday (Monday is 0) at an hour of the province's time.
    """

    port_kinds: list[Literal["sea", "river", "dry", "air"]] = Field(min_length=1)
    teu: float = Field(gt=0, le=20_000)
    mass_t: float = Field(gt=0, le=500_000)
    weekday: int = Field(ge=0, le=6)
    hour: int = Field(ge=0, le=23)
    within_h: float = Field(gt=0, le=336)
    most_transfers: int = Field(ge=0, le=8)


CO2 = register(
    "linkage.co2_factors", FactorSets, zh="运输碳排放因子", en="CO2 factors of transport"
)
PRICES = register(
    "linkage.assumed_prices", AssumedPrices, zh="缺价时的假定运价", en="Assumed prices"
)
TRANSFERS = register("linkage.transfers", Transferring, zh="枢纽换装默认值", en="Transfers at hubs")
DELAYS = register("linkage.delays", Delays, zh="晚点情景", en="Scenarios of delays")
HUB_CHOICE = register("linkage.hub_choice", HubChoosing, zh="出口港比选口径", en="Choice of ports")
