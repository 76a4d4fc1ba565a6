"""The rules of shipments: how events are taken together, when bags are missing, what units go."""

from __future__ import annotations

from pydantic import Field

from spatial.rules import RuleModel, register

DAY_S = 86_400


class Chaining(RuleModel):
    """How events make a chain.

    Two reports of one milestone may be `same_s` apart. A bag counts as missing `bag_not_loaded_s`
    before its flight. Events without a reference belong to a shipment by their box or vehicle
    from so many days before its plan to so many after it.
    """

    same_s: int = Field(ge=0, le=30 * DAY_S)
    bag_not_loaded_s: int = Field(ge=0, le=DAY_S)
    before_days: int = Field(ge=0, le=365)
    after_days: int = Field(ge=1, le=365)


class Units(RuleModel):
    """Whether loading units with an ILU code (EN 13044) are taken for swap bodies by rail."""

    ilu_by_rail: bool


class Arrival(RuleModel):
    """What arrivals are predicted by: so many past shipments, a mode only from `least` legs on.

    Where a mode has fewer, rule `linkage.delays` stands in. Changing takes at least `change_s`.
    `share` is how many arrivals shall lie within the interval.
    """

    most_shipments: int = Field(ge=0, le=5000)
    least_legs: int = Field(ge=5, le=10_000)
    change_s: int = Field(ge=0, le=30 * DAY_S)
    share: float = Field(gt=0, lt=1)


CHAINING = register(
    "linkage.event_chain", Chaining, zh="物流事件链", en="Chains of events of shipments"
)
UNITS = register("linkage.loading_units", Units, zh="装载单元编号", en="Numbers of loading units")
ARRIVAL = register("linkage.arrival", Arrival, zh="到达预测", en="Predicted arrival")
