"""The rules that processes read: what each must be, with units in the names and ranges."""

from __future__ import annotations

from pydantic import Field

from spatial.rules import RuleModel, register

DAY_S = 86_400


class Intercepting(RuleModel):
    """Margins of an interception: how much faster a vehicle may be, times to set up, to look."""

    vehicle_factor: float = Field(ge=1, le=5)
    set_up_s: float = Field(ge=0, le=DAY_S)
    least_s: float = Field(ge=0, le=DAY_S)
    horizon_s: float = Field(gt=0, le=DAY_S)


class Demanding(RuleModel):
    """Assumed demand between places: all trips of a day, and the time in which it decays."""

    trips_per_day: float = Field(gt=0, le=1e9)
    decay_s: float = Field(gt=0, le=DAY_S)


class NewEdge(RuleModel):
    """How far the ends of a planned edge may be from the nodes that they join."""

    connect_m: float = Field(gt=0, le=10_000)


class Covering(RuleModel):
    """The driving time within which a place counts as covered."""

    limit_s: float = Field(gt=0, le=DAY_S)


INTERCEPTION = register("road.interception", Intercepting, zh="拦截余量", en="Interception margins")
DEMAND = register("road.demand", Demanding, zh="假定出行需求", en="Assumed demand")
NEW_EDGE = register("road.new_edge", NewEdge, zh="新增路段接入距离", en="Joining new edges")
COVERAGE = register("road.coverage", Covering, zh="到达覆盖时限", en="Time of coverage")
