"""Paths as GPX 1.1, the format of navigation devices: stops, steps and the track, in WGS 84."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from routing.graph.weights import Floats

MEDIA_TYPE = "application/gpx+xml"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="Sigang" xmlns="http://www.topografix.com/GPX/1/1">\n'
)


@dataclass(frozen=True)
class Track:
    """One path: its name, its line (longitude, latitude), and steps as (text, place)."""

    name: str
    points: Floats
    steps: Sequence[tuple[str, tuple[float, float]]] = ()


def write(stops: Iterable[tuple[float, float]], tracks: Iterable[Track]) -> str:
    """Return the document: a way point per stop, a route per path with steps, a track per path."""
    told = list(tracks)
    parts = [_HEAD]
    for number, (lon, lat) in enumerate(stops, start=1):
        parts.append(f"{_place('wpt', lon, lat)}<name>{number}</name></wpt>\n")
    for track in told:
        if track.steps:
            places = "".join(
                f"{_place('rtept', *place)}<desc>{escape(text)}</desc></rtept>"
                for text, place in track.steps
            )
            parts.append(f"<rte><name>{escape(track.name)}</name>{places}</rte>\n")
    for track in told:
        places = "".join(f"{_place('trkpt', *xy)[:-1]}/>" for xy in track.points.tolist())
        name = f"<name>{escape(track.name)}</name>"
        parts.append(f"<trk>{name}<trkseg>{places}</trkseg></trk>\n")
    return "".join([*parts, "</gpx>\n"])


def _place(tag: str, lon: float, lat: float) -> str:
    return f'<{tag} lat="{lat:.7f}" lon="{lon:.7f}">'
