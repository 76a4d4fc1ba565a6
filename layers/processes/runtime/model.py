"""The Process: a function from a checked question and a scene to typed outputs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

import numpy as np
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.fields import FieldInfo

from layers.declare.base import Text
from layers.declare.catalog import Catalog
from layers.heat.held_cube import HeldCube
from routing.cost.profile import load_profiles
from routing.graph.weights import Floats
from routing.query.model import Conditions, PathQuery
from routing.query.network import RoadNetwork
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.networks.road import KIND as ROAD
from spatial.postgres.db import Database

GEOJSON = "application/geo+json"
JSON = "application/json"
MOST_POINTS = 2_000
A = TypeVar("A")
R = TypeVar("R")

PLANNERS = ("admin", "planner", "dispatcher", "duty", "developer")
ENFORCERS = ("admin", "planner", "dispatcher", "duty")
"""Who may count enforcement anew; all others are told what is published."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


def _written(value: object) -> object:
    if isinstance(value, bool | int | float) or (isinstance(value, str) and _BARE.match(value)):
        raise ValueError("a time is written with date and offset (RFC 3339), not as a number")
    return value


_BARE = re.compile(r"\s*[-+.\d]+(?:[eE][-+]?\d+)?\s*$")
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]


class Inputs(BaseModel):
    """Base of all inputs: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Outputs(BaseModel):
    """Base of all outputs: each field is one output of the process."""

    model_config = ConfigDict(frozen=True)


class Features(BaseModel):
    """An output that is a layer: GeoJSON in longitude and latitude (EPSG:4326)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[object]


def titled(zh: str, en: str, **more: Any) -> Any:
    """Return a field with its title in both languages; `more` is that of pydantic's Field."""
    return Field(title=en, json_schema_extra={"title_zh": zh}, **more)


class Place(Inputs):
    """One place of a question, longitude and latitude (EPSG:4326)."""

    id: str = Field(min_length=1, max_length=80)
    point: tuple[Lon, Lat]
    name: str | None = Field(default=None, max_length=200)
    weight: float = Field(default=1.0, ge=0, le=1e12, allow_inf_nan=False)


class RowsFrom(Inputs):
    """Rows: the features of a layer that the caller may read."""

    layer: str = Field(max_length=80)
    filter: str | None = Field(default=None, max_length=2_000)
    """CQL2 text over the layer's queryables."""


class PlacesFrom(Inputs):
    """Places: named one by one, or the features of a layer that the caller may read."""

    points: list[Place] | None = Field(default=None, min_length=1, max_length=MOST_POINTS)
    layer: str | None = Field(default=None, max_length=80)
    filter: str | None = Field(default=None, max_length=2_000)
    """CQL2 text over the layer's queryables."""
    weight: str | None = Field(default=None, max_length=80)
    """Column of the layer that weighs a place; missing values weigh nothing."""

    def model_post_init(self, _context: object) -> None:
        """Refuse both, none, and what belongs to the other."""
        if (self.points is None) == (self.layer is None):
            raise ValueError("name either points or layer")
        if self.layer is None and (self.filter or self.weight):
            raise ValueError("filter and weight belong to a layer")


@cache
def _profiles() -> frozenset[str]:
    return frozenset(load_profiles(ROAD))


class Traffic(Inputs):
    """The vehicle and the time that a question is asked for."""

    profile: str = Field(default="car", max_length=40)
    height_m: Size | None = None
    width_m: Size | None = None
    length_m: Size | None = None
    mass_t: Size | None = None
    axle_t: Size | None = None
    unknown_limits: Literal["allow", "tunnels", "structures", "refuse"] | None = None
    avoid_classes: list[str] = Field(default=[], max_length=50)
    depart_at: Moment | None = None

    @field_validator("profile")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in _profiles():
            raise ValueError(f"no profile {name!r}; there are {', '.join(sorted(_profiles()))}")
        return name

    @property
    def conditions(self) -> Conditions:
        """The same as routing takes it."""
        given = self.model_dump(include={"height_m", "width_m", "length_m", "mass_t", "axle_t"})
        return Conditions(
            self.profile,
            sizes={name: value for name, value in given.items() if value is not None},
            unknown_limits=self.unknown_limits,
            avoid_classes=self.avoid_classes,
            depart_at=self.depart_at,
        )

    def between(self, *places: Place) -> PathQuery:
        """Return the question for the path that passes some places."""
        asked = self.conditions
        return PathQuery(
            asked.profile,
            [place.point for place in places],
            sizes=asked.sizes,
            unknown_limits=asked.unknown_limits,
            avoid_classes=asked.avoid_classes,
            depart_at=asked.depart_at,
        )


@dataclass(frozen=True)
class Places:
    """Places as parallel columns; `admin_codes` are null where nothing is known."""

    ids: Sequence[str]
    names: Sequence[str]
    points: Sequence[tuple[float, float]]
    weights: Floats
    admin_codes: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, given: Sequence[Place]) -> Places:
        """Return places that were named one by one."""
        return cls(
            [p.id for p in given],
            [p.name or p.id for p in given],
            [p.point for p in given],
            np.array([p.weight for p in given], np.float64),
            [None] * len(given),
        )


Progress = Callable[[float, Text], None]


def no_progress(share: float, message: Text) -> None:
    """Report nothing."""


class Dismissed(Exception):
    """The job was dismissed; raised by the progress report inside the work."""


@dataclass(frozen=True)
class Sources:
    """What readers read from, and for whom; `network` returns that of a kind as it is now.

    What is `given` for a need, by its name, stands for what would be read: an example's own world.
    `cube` returns the cube of heat of a grain as the actor sees it now, where there are any held;
    `timetable` the services of the linkage about a time (`readers.timetable_rows`).
    """

    db: Database
    catalog: Catalog
    actor: Actor
    network: Callable[[str], Awaitable[RoadNetwork]]
    given: Mapping[str, object] = field(default_factory=dict)
    cube: Callable[[str], Awaitable[HeldCube]] | None = None
    timetable: Callable[[datetime], Awaitable[object]] | None = None


@dataclass(frozen=True)
class Reader(Generic[A, R]):
    """Reads one sort of thing for a process, from what the checked inputs ask.

    `read` is told what the scene calls the need, for its errors. A `late` one takes long: it is
    asked after the process has checked what all others read. `asks` is the type of an input that
    tells what to read.
    """

    name: str
    read: Callable[[Sources, str, A], Awaitable[R]]
    late: bool = False
    asks: type[Inputs] | None = None


@dataclass(frozen=True)
class Need(Generic[R]):
    """One thing that a process reads: by which reader, and what the scene calls it.

    `of` is the input that tells what to read, or tells it of all inputs; None reads nothing.
    """

    reader: str
    name: str
    of: str | Callable[[Any], Any]

    def asked(self, inputs: Inputs) -> Any:
        """Return what the reader is asked, None for nothing."""
        return getattr(inputs, self.of) if isinstance(self.of, str) else self.of(inputs)


@dataclass(frozen=True)
class Scene:
    """What a process works on: what was read for its caller, by the name of its need."""

    found: Mapping[str, Any]
    now: datetime
    progress: Progress = no_progress

    def get(self, need: Need[R]) -> R:
        """Return what was read."""
        found: R = self.found[need.name]
        return found

    @property
    def places(self) -> Mapping[str, Places]:
        """Places by input."""
        return {name: one for name, one in self.found.items() if isinstance(one, Places)}

    @property
    def network(self) -> RoadNetwork:
        """The network of a process that names one; of several, `get` each."""
        (found,) = (one for one in self.found.values() if isinstance(one, RoadNetwork))
        return found


def no_check(inputs: Any, scene: Scene) -> None:
    """Refuse nothing."""


@dataclass(frozen=True)
class Process:
    """One process: a module below `layers/processes/<area>/` exports it as `PROCESS`.

    `quick` ones may run while their caller waits; all may run as jobs. `reads` names everything
    that `run` finds in its scene. `check` refuses inputs by what was read before the late readers
    are asked: a network is not loaded for a question that cannot be answered.
    """

    id: str
    title: Text
    description: Text
    inputs: type[Inputs]
    outputs: type[Outputs]
    run: Callable[[Any, Scene], Outputs]
    reads: tuple[Need[Any], ...] = ()
    check: Callable[[Any, Scene], None] = no_check
    quick: bool = False
    roles: tuple[str, ...] = PLANNERS
    version: str = "1.0.0"

    @property
    def job_control_options(self) -> list[str]:
        """How it may be executed, in the words of OGC API Processes."""
        return [*(["sync-execute"] if self.quick else []), "async-execute", "dismiss"]


def media_type(output: FieldInfo) -> str:
    """Return the media type of an output."""
    if output.annotation is Features or Features in get_args(output.annotation):
        return GEOJSON
    extra = output.json_schema_extra
    found = extra.get("contentMediaType") if isinstance(extra, dict) else None
    return str(found) if found else JSON


def wrong_input(name: str, en: str, zh: str) -> BadParameter:
    """Return the error for an input that the scene does not fit."""
    return BadParameter(f"{name}: {en}", f"{name}：{zh}", parameter=name)
