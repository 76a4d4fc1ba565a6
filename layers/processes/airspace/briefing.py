"""What a briefing shows: zones in force at a time and flights planned after it, in deck.gl.

Heights are drawn above mean sea level, stretched by `STRETCH`, as `routing.airspace.drawn` has
them; what nobody knows is told in words. Nothing here is for navigation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from layers.processes.readers.airspace_rows import AirOfTime
from routing.airspace.coverage import County
from routing.airspace.drawn import OPEN_TOP_M, drawn_bands
from routing.airspace.judge import Flight
from routing.airspace.zones import Zone
from spatial.errors import TooComplex
from spatial.geo.datum import Floats

Box = tuple[float, float, float, float]
STRETCH = 5
MOST_ZONES = 2_000
DIGITS = 6
FONT = "SigangBriefing"
"""Name of the font that a page brings."""
_COLOURS: Mapping[str, tuple[int, int, int, int]] = {
    "PROHIBITED": (229, 36, 59, 110),
    "REQ_AUTHORISATION": (255, 176, 32, 80),
    "CONDITIONAL": (255, 209, 102, 70),
    "NO_RESTRICTION": (61, 155, 255, 60),
}
_KNOWN, _UNKNOWN = (61, 155, 255, 40), (184, 196, 208, 70)
_PLANNED = (111, 183, 255, 150)
_LINE = (214, 226, 238, 160)
_BLOCKS: Mapping[str, object] = {
    "get_polygon": "polygon", "extruded": True, "wireframe": True, "get_elevation": "height",
    "get_fill_color": "colour", "get_line_color": list(_LINE), "pickable": True,
    "auto_highlight": True,
}  # fmt: skip
"""How zones and plans are drawn."""


@dataclass(frozen=True)
class PlannedPart:
    """A part of a plan: footprint (degrees), base and top (m AMSL, NaN where unknown)."""

    shape: shapely.Polygon
    base_m: float
    top_m: float


@dataclass(frozen=True)
class Planned:
    """A flight that is planned within the time of a briefing; heights are metres W84."""

    zh: str
    en: str
    state: str
    priority: int
    begin: datetime
    end: datetime
    lower_m: float
    upper_m: float
    origin: str
    parts: tuple[PlannedPart, ...]


@dataclass(frozen=True)
class Shown:
    """The zones and counties of an area at a time, and where each zone is drawn (m AMSL)."""

    zones: tuple[Zone, ...]
    bases_m: Floats
    tops_m: Floats
    counties: tuple[County, ...]


def shown_in(air: AirOfTime, box: Box, moment: datetime) -> Shown:
    """Return what a briefing of an area (degrees) at a time shows.

    Raises
    ------
    TooComplex
        More than `MOST_ZONES` zones lie there.
    """
    area = shapely.box(*box)
    known, at_s = air.known, moment.timestamp()
    numbers = np.arange(len(known.zones))
    in_force = air.judge.in_force(numbers, Flight("light", at_s, at_s))
    touching = shapely.intersects(known.zones.shapes, area) if len(numbers) else in_force
    zones = tuple(known.zones.all[number] for number in numbers[in_force & touching].tolist())
    if len(zones) > MOST_ZONES:
        raise TooComplex(
            f"{len(zones):,} zones lie there, more than {MOST_ZONES:,}",
            f"范围内有 {len(zones):,} 个空域，超过 {MOST_ZONES:,}",
            mend_en="Ask for a smaller bbox.", mend_zh="请缩小范围。", parameter="bbox",
        )  # fmt: skip
    bases, tops = _drawn(air, zones)
    counties = known.coverage.counties
    there = known.coverage.touched_by(area)[0].tolist()
    return Shown(zones, bases, tops, tuple(counties[number] for number in there))


def _drawn(air: AirOfTime, zones: tuple[Zone, ...]) -> tuple[Floats, Floats]:
    """Return from where to where (m AMSL) zones are drawn, to an open top where none is known."""
    bases, tops = drawn_bands(zones, air.judge.air.joins).amsl_m.T
    bases = np.nan_to_num(bases)
    return bases, np.fmax(np.where(np.isnan(tops), bases + OPEN_TOP_M, tops), bases + 1.0)


def deck_json(
    shown: Shown, box: Box, names: Iterable[str], plans: Sequence[Planned] = (),
    called: Iterable[str] = (),
) -> str:  # fmt: skip
    """Return the picture as the JSON of pydeck.

    Parameters
    ----------
    shown, box
        What is shown of an area (degrees).
    names, called
        What each zone, and each plan, is called.
    plans
        Flights that are planned.
    """
    import pydeck

    zones, flights = list(_prisms(shown, names)), list(_flights(plans, called))
    marks = [{"name": one["name"], "at": one["at"]} for one in zones]
    layers = [
        pydeck.Layer(
            "PolygonLayer", id="counties", data=list(_grounds(shown.counties)),
            get_polygon="polygon", get_fill_color="colour", get_line_color=list(_LINE),
            line_width_min_pixels=1, stroked=True, filled=True,
        ),
        *(pydeck.Layer("PolygonLayer", id=name, data=data, **_BLOCKS)
          for name, data in (("zones", zones), ("plans", flights))),
        pydeck.Layer(
            "TextLayer", id="names", data=marks, get_text="name", get_position="at",
            get_size=12, get_color=[255, 255, 255], character_set=pydeck.types.String("auto"),
            font_family=pydeck.types.String(f"{FONT}, system-ui, sans-serif"),
            parameters={"depthCompare": "always"},
        ),
    ]  # fmt: skip
    deck = pydeck.Deck(
        layers, initial_view_state=pydeck.ViewState(**_view(box)), map_provider=None,
        map_style=None,
    )  # fmt: skip
    text: str = deck.to_json()
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _view(box: Box) -> dict[str, float]:
    west, south, east, north = box
    zoom = float(np.clip(np.log2(300.0 / max(east - west, north - south, 0.01)), 4, 13))
    return {
        "longitude": (west + east) / 2, "latitude": (south + north) / 2, "zoom": zoom,
        "pitch": 50, "bearing": 20,
    }  # fmt: skip


def _prisms(shown: Shown, names: Iterable[str]) -> Iterator[dict[str, object]]:
    lifted = zip(shown.zones, names, shown.bases_m, shown.tops_m, strict=True)
    for zone, name, base, top in lifted:
        for part in shapely.get_parts(zone.shape):
            middle = part.representative_point()
            yield {
                "name": inert(name), "colour": list(_COLOURS[zone.restriction]),
                "polygon": _rings(part, base * STRETCH),
                "height": round(float(top - base) * STRETCH, 1),
                "at": [round(middle.x, DIGITS), round(middle.y, DIGITS), round(top * STRETCH, 1)],
            }  # fmt: skip


def _flights(plans: Iterable[Planned], called: Iterable[str]) -> Iterator[dict[str, object]]:
    """Yield the volumes of plans whose heights above the sea are known."""
    for plan, name in zip(plans, called, strict=True):
        for part in plan.parts:
            if np.isfinite(part.base_m) and np.isfinite(part.top_m):
                yield {
                    "name": inert(name), "colour": list(_PLANNED),
                    "polygon": _rings(part.shape, part.base_m * STRETCH),
                    "height": round(float(part.top_m - part.base_m) * STRETCH, 1),
                }  # fmt: skip


def _grounds(counties: Iterable[County]) -> Iterator[dict[str, object]]:
    for county in counties:
        colour = list(_UNKNOWN if county.unknown else _KNOWN)
        for part in shapely.get_parts(county.shape):
            yield {"polygon": _rings(part, 0.0), "colour": colour}


def _rings(polygon: shapely.Polygon, base_m: float) -> list[list[list[float]]]:
    return [
        [[round(x, DIGITS), round(y, DIGITS), round(base_m, 1)] for x, y in ring.coords]
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def inert(text: str) -> str:
    """Return a text that the picture's reader takes for nothing but text: not for `@@=…`."""
    return f"\u200b{text}" if text.startswith("@@") else text
