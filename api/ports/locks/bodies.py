"""What is sent about locks: vessels and chambers as they are, or declared for a lock."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from api.http.values import Moment, Place, Strict, Visible, Whole
from routing.locks.model import Chamber, Ship, Window

MOST_SHIPS, MOST_CHAMBERS = 600, 8
MOST_VERSIONS = 2**31 - 1
MOST_LOCKAGES = 10_000
YEARS_S = 40_000_000_000
Name = Annotated[str, Field(min_length=1, max_length=60), Visible]
At = Annotated[Whole, Field(ge=-YEARS_S, le=YEARS_S)]
Lasts = Annotated[Whole, Field(gt=0, le=7 * 86_400)]
Way = Literal["up", "down"]
Version = Annotated[Whole, Field(gt=0, le=MOST_VERSIONS)]


class WindowBody(Strict):
    """When lockages may begin and end; `draught_m` bounds who may be locked then."""

    since: At
    until: At
    draught_m: Annotated[float, Field(gt=0, le=50)] | None = None


class ChamberBody(Strict):
    """A chamber; times are whole numbers on the caller's clock, all in the same unit."""

    id: Name
    length_m: Annotated[float, Field(gt=0, le=20_000)]
    beam_m: Annotated[float, Field(gt=0, le=500)]
    lasts_up: Lasts
    lasts_down: Lasts
    side: Way = "up"
    free_from: At = 0
    most: Annotated[Whole, Field(gt=0, le=1000)] | None = None
    sill_depth_m: Annotated[float, Field(gt=0, le=50)] | None = None
    windows: list[WindowBody] = Field(default=[], max_length=100)

    def chamber(self) -> Chamber:
        """Return it as the engine takes it."""
        return Chamber(
            self.id, self.length_m, self.beam_m, self.lasts_up, self.lasts_down, side=self.side,
            free_from=self.free_from, most=self.most, sill_depth_m=self.sill_depth_m,
            windows=tuple(Window(w.since, w.until, w.draught_m) for w in self.windows),
        )  # fmt: skip


class VesselBody(Strict):
    """A vessel as locks know it: its way, its size, what it carries, whom it may pass."""

    way: Way
    length_m: Annotated[float, Field(gt=0, le=1000)]
    beam_m: Annotated[float, Field(gt=0, le=200)]
    draught_m: Annotated[float, Field(gt=0, le=50)] | None = None
    cargo: Name = "ordinary"
    rank: Name = "ordinary"


class ShipBody(VesselBody):
    """A vessel that asks for a lockage, ready from a time on; `promised` is its published begin."""

    id: Name
    ready: At
    promised: At | None = None

    def ship(self) -> Ship:
        """Return it as the engine takes it."""
        return Ship(**self.model_dump())


class TaskBody(Strict):
    """A lock to plan: chambers and vessels; `overtaken_most` may be set below the rule's bound."""

    chambers: list[ChamberBody] = Field(min_length=1, max_length=MOST_CHAMBERS)
    ships: list[ShipBody] = Field(min_length=1, max_length=MOST_SHIPS)
    now: At = -YEARS_S
    overtaken_most: Annotated[Whole, Field(ge=0, le=3)] | None = None


class LockageBody(Strict):
    """A lockage with vessels of the plan in hand."""

    chamber: Name
    way: Way
    start: At
    ships: list[Name] = Field(min_length=1, max_length=64)


class MoveBody(TaskBody):
    """A vessel moved to lockage `to` of those in hand; null gives it one of its own."""

    lockages: list[LockageBody] = Field(min_length=1, max_length=MOST_SHIPS)
    ship: Name
    to: Annotated[Whole, Field(ge=0, lt=MOST_SHIPS)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> MoveBody:
        carried = sorted(key for lockage in self.lockages for key in lockage.ships)
        if carried != sorted(ship.id for ship in self.ships):
            raise ValueError("the lockages must carry each of the ships once")
        if self.ship not in carried:
            raise ValueError(f"no ship {self.ship}")
        if not {x.chamber for x in self.lockages} <= {c.id for c in self.chambers}:
            raise ValueError("a lockage is in a chamber that is none of those given")
        if self.to is not None and self.to >= len(self.lockages):
            raise ValueError(f"no lockage {self.to}")
        return self


class DeclarationBody(VesselBody):
    """A vessel that asks for a lockage of a lock: when it will be there, how large it is."""

    vessel: Name
    voyage: Name | None = None
    ready_at: Moment
    visibility: Literal["unit", "province"] = "unit"
    origin: Literal["real", "synthetic"] = "real"


class CheckInBody(Strict):
    """Where a vessel is that says it is at the lock: longitude and latitude."""

    place: Place


class MovesBody(Strict):
    """Asks what each move of a vessel in the plan that holds would do; `version` is that plan's."""

    version: Version
    ship: UUID


class HandMove(Strict):
    """A vessel to lockage `to` of the plan that holds, counted from 0; null: one of its own."""

    ship: UUID
    to: Annotated[Whole, Field(ge=0, le=MOST_LOCKAGES)] | None = None


class PublishBody(Strict):
    """What is published as the next version of a lock's plan.

    `restores` publishes an earlier version again; `move` the one that holds with a vessel moved;
    `lockages` an order made by hand; none of them makes a new plan of all that is declared.
    `absent` are declarations that do not come. With `version` it is refused where another plan
    holds than that one.
    """

    version: Version | None = None
    restores: Version | None = None
    move: HandMove | None = None
    lockages: list[LockageBody] | None = Field(default=None, max_length=MOST_SHIPS)
    absent: list[UUID] = Field(default=[], max_length=MOST_SHIPS)

    @model_validator(mode="after")
    def _one(self) -> PublishBody:
        if sum(part is not None for part in (self.restores, self.move, self.lockages)) > 1:
            raise ValueError("give one of restores, move and lockages")
        if self.absent and (self.restores or self.move):
            raise ValueError("who is absent is planned anew, neither moved nor restored")
        if self.move and self.version is None:
            raise ValueError("a move names the version that it changes")
        return self
