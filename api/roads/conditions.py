"""What every question to the road network may say: vehicle, what to avoid, when, in which state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar, cast
from uuid import UUID

import numpy as np
from fastapi import Request
from pydantic import Field, create_model

from api.http.polygons import read_polygons
from api.http.values import MOST_SIZE, Moment, Number, Place, Strict, Whole, Word, size_up_to
from api.network.as_of import read_as_of
from api.network.kinds import Networks, no_routing
from api.network.service import Roads
from api.services import services
from routing.graph.weights import Floats
from routing.query.model import Conditions, Feature
from routing.query.network import RoadNetwork
from spatial.errors import LimitViolated
from spatial.geo import crs as systems
from spatial.geo.crs import CRS84, Crs, check_lonlat, parse_crs
from spatial.geo.geojson import Geometry
from spatial.json_types import JsonBody
from spatial.networks.model import searched_kinds
from spatial.networks.road import KIND as ROAD

MOST_POLYGONS = 50
MOST_EDGES, MOST_CLASSES = 10_000, 50
MOST_SNAP_M = 50_000
DECIMALS = 7

Asked = TypeVar("Asked", bound=Conditions)


class _Load(Strict):
    """Dimensions of the vehicle and its load; what is left out is the profile's."""

    hazmat: bool | Word | None = None
    occupants: Whole | None = Field(default=None, ge=1, le=1000)
    emission_stage: Whole | None = Field(default=None, ge=0, le=9)


if TYPE_CHECKING:
    VehicleBody = _Load
else:
    _MOST: dict[str, float] = {}
    for _limit in (limit for kind in searched_kinds() for limit in kind.limits):
        _MOST[_limit.size] = max(_MOST.get(_limit.size, MOST_SIZE), _limit.most)
    VehicleBody = create_model(
        "VehicleBody", __base__=_Load,
        **{name: (size_up_to(most) | None, None) for name, most in _MOST.items()},
    )  # fmt: skip
    """The dimensions are those that the limits of any kind of network are about."""


class AvoidBody(Strict):
    """What the path must keep off."""

    polygons: list[JsonBody] = Field(default=[], max_length=MOST_POLYGONS)
    edges: list[UUID] = Field(default=[], max_length=MOST_EDGES)
    classes: list[Word] = Field(default=[], max_length=MOST_CLASSES)
    features: list[Feature] = Field(default=[], max_length=MOST_CLASSES)


class PreferBody(Strict):
    """What the path takes rather than anything else."""

    classes: list[Word] = Field(default=[], max_length=MOST_CLASSES)


NO_VEHICLE, NOTHING_AVOIDED, NOTHING_PREFERRED = VehicleBody(), AvoidBody(), PreferBody()
"""What a body says that leaves them out; made once, because making them takes time."""


class ConditionsBody(Strict):
    """Vehicle, what to keep off and the time that counts."""

    profile: Word = "car"
    vehicle: VehicleBody = Field(default_factory=lambda: NO_VEHICLE)
    avoid: AvoidBody = Field(default_factory=lambda: NOTHING_AVOIDED)
    prefer: PreferBody = Field(default_factory=lambda: NOTHING_PREFERRED)
    depart_at: Moment | None = None
    as_of: Moment | None = None
    speeds: Literal["live", "typical"] = "live"
    unknown_limits: Literal["allow", "tunnels", "structures", "refuse"] | None = None
    snap_radius_m: Number | None = Field(default=None, gt=0, le=MOST_SNAP_M)
    min_network_version: Whole = Field(default=0, ge=0, lt=2**62)

    @property
    def fact_at(self) -> datetime | None:
        """The time whose rules count; None for now."""
        return self.depart_at or self.as_of


def networks_of(request: Request) -> Networks:
    """Return the networks of the process that answers a request.

    Raises
    ------
    SetupError
        It has none.
    """
    networks = services(request).networks
    if networks is None:
        raise no_routing()
    return networks


def roads_of(request: Request) -> Roads:
    """Return the road network of the process that answers a request.

    Raises
    ------
    SetupError
        It has none.
    """
    return networks_of(request).of(ROAD.name)


def crs_of(request: Request) -> Crs:
    """Return the system of coordinates that question and answer are in."""
    if not request.scope["query_string"]:
        return CRS84
    return parse_crs(request.query_params.get("crs", CRS84.name))


async def read_conditions(
    request: Request, body: ConditionsBody, crs: Crs
) -> tuple[RoadNetwork, Conditions]:
    """Return the network as it is committed now, and what a body asks of it."""
    return await read_question(request, body, crs, Conditions)


async def read_question(
    request: Request, body: ConditionsBody, crs: Crs, make: Callable[..., Asked]
) -> tuple[RoadNetwork, Asked]:
    """Return the network as it is committed now, and what a body asks of it, made by `make`."""
    roads = await networks_of(request).of_profile(body.profile)
    network = await roads.ensure_current(body.min_network_version)
    if (moment := body.fact_at) is not None:
        network = await roads.of_time(network, moment)
    vehicle, avoid = body.vehicle, body.avoid
    as_of = None
    if body.as_of is not None:
        async with services(request).db.public.acquire() as conn:
            replay = await read_as_of(conn, network.graph, body.as_of, body.depart_at)
        as_of = replay.snapshot
    return network, make(
        profile=body.profile,
        sizes={} if vehicle is NO_VEHICLE else _sizes(vehicle),
        hazmat=vehicle.hazmat,
        occupants=vehicle.occupants,
        emission_stage=vehicle.emission_stage,
        unknown_limits=body.unknown_limits,
        avoid_edges=avoid.edges,
        avoid_classes=avoid.classes,
        avoid_features=avoid.features,
        avoid_polygons=await read_polygons(avoid.polygons, crs) if avoid.polygons else [],
        prefer_classes=body.prefer.classes,
        depart_at=body.depart_at,
        as_of=as_of,
        typical=body.speeds == "typical",
        snap_radius_m=body.snap_radius_m,
    )


def _sizes(vehicle: VehicleBody) -> dict[str, float]:
    return vehicle.model_dump(exclude_none=True, exclude={*_Load.model_fields})


def read_place(place: Place, crs: Crs) -> tuple[float, float]:
    """Return longitude and latitude of a place in the coordinates of a request.

    Raises
    ------
    BadCoordinate
        It is not on the globe, or visibly swapped.
    """
    if crs is not CRS84:
        return read_places([place], crs)[0]
    x, y = place
    check_lonlat(x, y)
    return x, y


def read_places(places: Sequence[Place], crs: Crs) -> list[tuple[float, float]]:
    """Return longitudes and latitudes of places in the coordinates of a request.

    Raises
    ------
    BadCoordinate
        One is not on the globe, or visibly swapped.
    """
    if crs is CRS84:
        return [read_place(place, crs) for place in places]
    first, second = (1, 0) if crs.north_first else (0, 1)
    if not crs.projected:
        for place in places:
            check_lonlat(place[first], place[second], north_first=crs.north_first)
    moved = systems.read_places(np.array(places, np.float64), crs).tolist()
    for lon, lat in moved:
        check_lonlat(lon, lat)
    return [(lon, lat) for lon, lat in moved]


def show_places(points: Floats, crs: Crs) -> Floats:
    """Return (n, 2) longitudes and latitudes as an answer gives them, axes as `crs` has them."""
    if crs is CRS84:
        return np.ascontiguousarray(points)
    return np.round(systems.write_places(points, crs), DECIMALS)


class Relaxation(TypedDict):
    """A way that a refusal offers, as far as its place goes."""

    geometry: Geometry


def show_relaxations(error: LimitViolated, crs: Crs) -> None:
    """Write the ways that a refusal offers in the coordinates of the request."""
    for way in cast(list[Relaxation], error.extra["relaxations"]):
        points = np.array(way["geometry"]["coordinates"], np.float64)
        way["geometry"]["coordinates"] = show_places(points, crs).tolist()
