"""What answers of POST /match say of fixes and drives, whole or online."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from api.roads.conditions import show_places
from routing.matching.matched_path import MatchedPath, line
from routing.matching.matcher import Matcher, Placed
from spatial.geo.crs import CRS84, Crs
from spatial.geo.geojson import Geometry
from spatial.json_types import Document

WAYS = ("forward", "backward")


def show_fixes(matcher: Matcher, placed: Sequence[Placed], crs: Crs = CRS84) -> list[Document]:
    """Return what became of fixes, with their places on the road."""
    used = [p for p in placed if p.status == "used"]
    edges, shares = np.array([p.edge for p in used], np.int64), np.array([p.share for p in used])
    places = show_places(matcher.measure.place(edges, shares), crs).tolist() if used else []
    names = matcher.graph.edges.row_texts(edges)
    where = dict(zip((p.fix for p in used), zip(names, places, strict=True), strict=True))
    return [_fix(one, *where.get(one.fix, ("", None))) for one in placed]


def _fix(placed: Placed, name: str, place: list[float] | None) -> Document:
    told: Document = {"fix": placed.fix, "status": placed.status}
    if place is not None:
        told |= {
            "edge": name,
            "direction": WAYS[placed.backward],
            "fraction": round(placed.share, 6),
            "point": place,
            "distance_m": round(placed.distance_m, 2),
            "confidence": round(placed.confidence, 4),
        }
    if placed.cut:
        told["cut"] = placed.cut
    return told


def show_drive(matcher: Matcher, drive: MatchedPath, *, edges: bool = True) -> Document:
    """Return what is said of a drive: why it begins, its length, its edges in order."""
    told: Document = {
        "cut": drive.cut,
        "length_m": round(drive.length_m(matcher.graph.edges), 1),
    }
    if edges:
        names = matcher.graph.edges.row_texts(drive.keys >> 1)
        told["edges"] = [
            {"edge": name, "direction": WAYS[key & 1]}
            for name, key in zip(names, drive.keys.tolist(), strict=True)
        ]
    return told


def show_line(matcher: Matcher, drive: MatchedPath, crs: Crs = CRS84) -> Geometry:
    """Return the GeoJSON geometry of a drive."""
    points = line(matcher.measure, drive)
    return {"type": "LineString", "coordinates": show_places(points, crs)}
