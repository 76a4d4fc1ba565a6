"""How long trucks were within terminals: crossings of the border from positions, by hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

import numpy as np
import shapely
from pydantic import BaseModel, Field, model_validator

from layers.declare.base import Text
from layers.processes.readers.rows import Rows, rows
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.readers.track_rows import Track, TracksOf, tracks
from layers.processes.runtime.model import (
    Inputs,
    Lat,
    Lon,
    Moment,
    Outputs,
    Process,
    RowsFrom,
    Scene,
    titled,
    wrong_input,
)
from routing.cost.weekly_hours import ZONE
from routing.gates.geofence import Visit, visits
from routing.gates.rule_models import GEOFENCE, Geofence
from spatial.rules import get_rule

MOST_TRACKS, MOST_FIXES, MOST_AREAS = 500, 20_000, 50
Origin = Literal["real", "synthetic"]


class FixIn(Inputs):
    """Where a truck was at a time."""

    at: Moment
    point: tuple[Lon, Lat]


class TrackIn(Inputs):
    """The positions of a truck, in any order."""

    truck: str = Field(min_length=1, max_length=80)
    fixes: list[FixIn] = Field(min_length=1, max_length=MOST_FIXES)
    origin: Origin = "real"


class AssetsIn(Inputs):
    """Assets whose kept positions are taken, and of what time."""

    ids: list[UUID] = Field(min_length=1, max_length=MOST_TRACKS)
    since: Moment
    until: Moment


class TurnTimesInputs(Inputs):
    """Positions of trucks, given or kept, and the areas of terminals."""

    areas: RowsFrom = titled("码头范围", "Areas", default=RowsFrom(layer="container_terminals"))
    tracks: list[TrackIn] | None = titled(
        "轨迹", "Tracks", default=None, min_length=1, max_length=MOST_TRACKS
    )
    assets: AssetsIn | None = titled("车辆", "Assets", default=None)

    @model_validator(mode="after")
    def _one(self) -> TurnTimesInputs:
        if (self.tracks is None) == (self.assets is None):
            raise ValueError("give either tracks or assets")
        if len({one.truck for one in self.tracks or ()}) < len(self.tracks or ()):
            raise ValueError("a truck stands twice among the tracks")
        return self

    @property
    def kept(self) -> TracksOf | None:
        """The kept positions that are asked for."""
        one = self.assets
        return None if one is None else TracksOf(one.ids, one.since, one.until)


class VisitOut(BaseModel):
    """A stay; an end that is not known is null, `*_between` tells within which gap it lies.

    `gap` is a time without positions within the stay; `state` is `left`, `there`, or `stays`
    where it is there longer than the rule says. Only stays with `dwell_s` are counted.
    """

    truck: str
    area: str
    enters_at: datetime | None
    leaves_at: datetime | None
    dwell_s: float | None
    entered_between: tuple[datetime, datetime] | None
    left_between: tuple[datetime, datetime] | None
    gap: bool
    state: Literal["left", "there", "stays"]
    origin: Origin


class TurnTimeOut(BaseModel):
    """Stays of an area, all or by the hour of entering (Asia/Shanghai), in seconds."""

    area: str
    name: str
    hour: int | None
    count: int
    mean_s: float
    p50_s: float
    p90_s: float


class TurnTimesOutputs(Outputs):
    """The stays, and how long they were by terminal and hour."""

    visits: list[VisitOut] = titled("进出记录", "Stays")
    terminals: list[TurnTimeOut] = titled("各码头周转时间", "Turn times of terminals")
    hours: list[TurnTimeOut] = titled("分时周转时间", "Turn times by hour")
    not_counted: int = titled("未计入", "Stays not counted")
    origin: Origin = titled("数据来源", "Origin")
    rules: dict[str, str] = titled("所用规则版本", "Versions of rules")


class _Area(NamedTuple):
    id: str
    name: str
    shape: shapely.Geometry


AREAS, KEPT, RULES = (
    rows("areas"),
    tracks(lambda inputs: inputs.kept),
    rules_at(lambda inputs: None),
)


def check(inputs: TurnTimesInputs, scene: Scene) -> None:
    """Refuse areas that are none, and times that stand twice in a track."""
    _areas(scene.get(AREAS))
    for one in inputs.tracks or ():
        if len({fix.at for fix in one.fixes}) < len(one.fixes):
            raise wrong_input(
                "tracks", f"{one.truck} has two positions at one time",
                f"{one.truck} 在同一时刻有两个位置",
            )  # fmt: skip


def _areas(found: Rows) -> list[_Area]:
    own = []
    for feature in found:
        shape = feature["geometry"] and shapely.geometry.shape(feature["geometry"])
        if shape and shapely.get_dimensions(shape) == 2:
            row = feature["properties"]
            name = row.get("name_zh") or row.get("name_en") or feature.get("id")
            own.append(_Area(str(feature.get("id")), str(name), shape))
    if not 0 < len(own) <= MOST_AREAS:
        raise wrong_input(
            "areas", f"{len(own)} polygons match; there must be 1 to {MOST_AREAS}",
            f"有 {len(own)} 个面要素，须为 1 至 {MOST_AREAS} 个",
        )  # fmt: skip
    return own


def run(inputs: TurnTimesInputs, scene: Scene) -> TurnTimesOutputs:
    """Find the stays of every truck in every area, and sum them up."""
    rule = get_rule(scene.get(RULES), GEOFENCE)
    own = _areas(scene.get(AREAS))
    given = _given(inputs) if inputs.tracks is not None else scene.get(KEPT)
    told: list[VisitOut] = []
    dwells: dict[tuple[str, int], list[float]] = defaultdict(list)
    for truck, track in given.items():
        for area in own:
            for one in visits(track.lon, track.lat, track.seconds, area.shape, rule.value):
                told.append(_told(truck, track, area, one, rule.value))
                if one.dwell_s is not None and one.enters is not None:
                    dwells[area.id, _hour(one.enters)].append(one.dwell_s)
    return TurnTimesOutputs(
        visits=told, terminals=list(_by_area(own, dwells)), hours=list(_by_hour(own, dwells)),
        not_counted=sum(one.dwell_s is None for one in told),
        origin="synthetic" if any(one.made_up for one in given.values()) else "real",
        rules={GEOFENCE.key: rule.version},
    )  # fmt: skip


def _given(inputs: TurnTimesInputs) -> Mapping[str, Track]:
    found = {}
    for one in inputs.tracks or ():
        rows_ = sorted((fix.at.timestamp(), *fix.point) for fix in one.fixes)
        seconds, lon, lat = np.array(rows_).T
        found[one.truck] = Track(lon, lat, seconds, one.origin == "synthetic")
    return found


def _hour(seconds: float) -> int:
    return datetime.fromtimestamp(seconds, ZONE).hour


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def _told(truck: str, track: Track, area: _Area, one: Visit, rule: Geofence) -> VisitOut:
    gone = one.leaves is not None or one.left_between is not None
    between = [
        None if gap is None else (_when(gap[0]), _when(gap[1]))
        for gap in (one.entered_between, one.left_between)
    ]
    return VisitOut(
        truck=truck, area=area.id,
        enters_at=None if one.enters is None else _when(one.enters),
        leaves_at=None if one.leaves is None else _when(one.leaves),
        dwell_s=None if one.dwell_s is None else round(one.dwell_s, 1),
        entered_between=between[0], left_between=between[1], gap=one.gap,
        state="left" if gone else "stays" if one.stays(rule) else "there",
        origin="synthetic" if track.made_up else "real",
    )  # fmt: skip


def _by_area(
    areas: list[_Area], dwells: Mapping[tuple[str, int], list[float]]
) -> Iterator[TurnTimeOut]:
    for area in areas:
        every = [one for (key, _), own in dwells.items() if key == area.id for one in own]
        if every:
            yield _summed(area, None, every)


def _by_hour(
    areas: list[_Area], dwells: Mapping[tuple[str, int], list[float]]
) -> Iterator[TurnTimeOut]:
    for area in areas:
        for hour in range(24):
            if own := dwells.get((area.id, hour)):
                yield _summed(area, hour, own)


def _summed(area: _Area, hour: int | None, own: list[float]) -> TurnTimeOut:
    middle, high = np.percentile(own, [50, 90])
    return TurnTimeOut(
        area=area.id, name=area.name, hour=hour, count=len(own),
        mean_s=round(float(np.mean(own)), 1), p50_s=round(float(middle), 1),
        p90_s=round(float(high), 1),
    )  # fmt: skip


PROCESS = Process(
    id="turn-times",
    title=Text(zh="集卡周转时间", en="Turn times of trucks"),
    description=Text(
        zh="由车辆位置与码头围栏求进出时刻（插值、去抖动）与分时周转时间；缺测不插值。",
        en="When trucks entered and left terminals, interpolated and without jitter, and how long "
        "they were there by hour; nothing is made up where positions lack.",
    ),
    inputs=TurnTimesInputs,
    outputs=TurnTimesOutputs,
    run=run,
    reads=(AREAS, KEPT, RULES),
    check=check,
)
