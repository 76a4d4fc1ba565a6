"""The Process: a function from a checked question and a scene to typed outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from layers.declare.base import Text
from routing.graph.weights import Floats, Ints
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from spatial.errors import BadParameter

GEOJSON = "application/geo+json"
JSON = "application/json"
MOST_POINTS = 2_000
PLANNERS = ("admin", "planner", "dispatcher", "duty", "developer")

Number = Annotated[float, Field(allow_inf_nan=False)]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
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
    features: list[Any]


def titled(zh: str, en: str, **more: Any) -> Any:
    """Return a field with its title in both languages; `more` is that of pydantic's Field."""
    return Field(title=en, json_schema_extra={"title_zh": zh}, **more)


class Place(Inputs):
    """One place of a question, longitude and latitude (EPSG:4326)."""

    id: str = Field(min_length=1, max_length=80)
    point: tuple[Lon, Lat]
    name: str | None = Field(default=None, max_length=200)
    weight: float = Field(default=1.0, ge=0, le=1e12, allow_inf_nan=False)


class PlacesFrom(Inputs):
    """Places: named one by one, or the features of a layer that the caller may read."""

    points: list[Place] | None = Field(default=None, min_length=1, max_length=MOST_POINTS)
    layer: str | None = Field(default=None, max_length=80)
    filter: str | None = Field(default=None, max_length=2_000)
    """CQL2 text over the layer's queryables."""
    weight: str | None = Field(default=None, max_length=80)
    """Column of the layer that weighs a place; missing values weigh nothing."""

    def model_post_init(self, _context: Any) -> None:
        """Refuse both, none, and what belongs to the other."""
        if (self.points is None) == (self.layer is None):
            raise ValueError("name either points or layer")
        if self.layer is None and (self.filter or self.weight):
            raise ValueError("filter and weight belong to a layer")


class Traffic(Inputs):
    """The vehicle and the time that a question is asked for."""

    profile: str = Field(default="car", max_length=40)
    height_m: Size | None = None
    width_m: Size | None = None
    length_m: Size | None = None
    mass_t: Size | None = None
    axle_t: Size | None = None
    unknown_limits: Literal["allow", "structures", "refuse"] = "allow"
    avoid_classes: list[str] = Field(default=[], max_length=50)
    depart_at: Moment | None = None

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


@dataclass(frozen=True)
class County:
    """A county: code, names, and its outline as GeoJSON."""

    code: str
    name: Mapping[str, str]
    geometry: Mapping[str, Any]


@dataclass(frozen=True)
class Counties:
    """The counties, and for each edge of the network the position of its county, -1 for none."""

    rows: Sequence[County]
    of_edge: Ints


@dataclass(frozen=True)
class Structure:
    """A bridge or tunnel with all edges of its bundle: closing it closes them."""

    id: str
    kind: str
    name: Mapping[str, str]
    point: tuple[float, float]
    edges: Ints


Progress = Callable[[float, Text], None]


def no_progress(share: float, message: Text) -> None:
    """Report nothing."""


class Dismissed(Exception):
    """The job was dismissed; raised by the progress report inside the work."""


@dataclass(frozen=True)
class Needs:
    """What a process reads beside the network: places by input, counties, structures, lanes.

    Lanes are wanted of the named edges and of all edges of the named classes.
    """

    places: Mapping[str, PlacesFrom] = field(default_factory=dict)
    counties: bool = False
    structures: bool = False
    facilities: Sequence[UUID] = ()
    lanes_of: Sequence[UUID] = ()
    lanes_of_classes: Sequence[str] = ()


@dataclass(frozen=True)
class Scene:
    """What a process works on, read for its caller; `lanes` by edge, of one direction."""

    network: RoadNetwork
    now: datetime
    places: Mapping[str, Places] = field(default_factory=dict)
    counties: Counties | None = None
    structures: Sequence[Structure] = ()
    progress: Progress = no_progress
    lanes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Process:
    """One process.

    `quick` ones may run while their caller waits; all may run as jobs. `needs` says, for checked
    inputs, what `run` wants to find in its scene.
    """

    id: str
    title: Text
    description: Text
    inputs: type[Inputs]
    outputs: type[Outputs]
    run: Callable[[Any, Scene], Outputs]
    needs: Callable[[Any], Needs] = lambda _: Needs()
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
