"""The rules of gates: service, appointments, crossings of a geofence, choice of a depot."""

from __future__ import annotations

from pydantic import Field

from spatial.rules import RuleModel, register


class GateService(RuleModel):
    """How long a truck is served at a lane: seconds with one move, and more for each further one.

    `cv` is the spread over the mean; planning holds for spreads up to 1, see `routing.gates.risk`.
    """

    seconds: float = Field(gt=0, le=3600)
    per_move_s: float = Field(ge=0, le=3600)
    cv: float = Field(ge=0, le=1)

    def load(self, moves: int) -> float:
        """Return the service of a truck in services of one move."""
        return (self.seconds + (moves - 1) * self.per_move_s) / self.seconds


class Appointing(RuleModel):
    """Slots of appointments and how sure a plan is.

    `risk_most` bounds how likely it is that more trucks wait at any time of a plan than have room,
    `shift_most_min` how far an appointment may be from the wish. A search ends after its seconds.
    """

    slot_min: int = Field(ge=5, le=240)
    risk_most: float = Field(gt=0, le=0.5)
    shift_most_min: int = Field(ge=0, le=10_080)
    seconds_most: float = Field(gt=0, le=60)


class Geofence(RuleModel):
    """When a truck counts as in or out, so that jitter at the border is no crossing.

    It is on the other side once it was `border_m` beyond the border or stayed there `hold_s`.
    Between fixes more than `gap_s` apart nothing is interpolated. Who stays longer than
    `stay_most_h` is told as one that did not leave.
    """

    border_m: float = Field(ge=0, le=1000)
    hold_s: float = Field(ge=0, le=3600)
    gap_s: float = Field(gt=0, le=86_400)
    stay_most_h: float = Field(gt=0, le=720)


class DepotChoice(RuleModel):
    """How depots are compared: the profile that is driven where none is asked for."""

    profile: str = Field(min_length=1, max_length=40)


SERVICE = register("gate.service", GateService, zh="闸口服务时间", en="Service at gates")
APPOINTING = register("gate.appointments", Appointing, zh="集卡预约", en="Truck appointments")
GEOFENCE = register("gate.geofence", Geofence, zh="围栏进出判定", en="Crossings of geofences")
DEPOTS = register("depot.choice", DepotChoice, zh="还箱点选择", en="Choice of depots")
