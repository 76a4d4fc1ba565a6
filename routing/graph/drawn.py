"""Small networks drawn with letters: for examples whose answer is known, and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from routing.graph.graph import Edges, edges_from_columns
from spatial.networks.model import NetworkKind

LON_0, LAT_0 = 121.0, 30.0
STEP_DEG = 0.002  # about 200 m per character

Place = tuple[float, float]


def drawn_places(drawing: str) -> dict[str, Place]:
    """Return longitude and latitude (EPSG:4326) of each letter of a drawing."""
    return {
        letter: (round(LON_0 + column * STEP_DEG, 7), round(LAT_0 - row * STEP_DEG, 7))
        for row, text in enumerate(drawing.splitlines())
        for column, letter in enumerate(text)
        if letter.isalnum()
    }


def drawn_place(places: Mapping[str, Place], name: str) -> Place:
    """Return the place of `A`, or of `AB:0.25`: a quarter of the way from A to B.

    Raises
    ------
    KeyError, ValueError
        There is none.
    """
    road, _, share = name.partition(":")
    if not share:
        return places[road]
    (x, y), (u, v) = places[road[0]], places[road[1]]
    return x + (u - x) * float(share), y + (v - y) * float(share)


def drawn_columns(
    rows: Sequence[Mapping[str, object]], kind: NetworkKind, **usual: object
) -> dict[str, list[object]]:
    """Return edge rows as the columns that `edges_from_columns` takes.

    Parameters
    ----------
    rows
        One mapping per edge: `id, from_node, to_node, length_m`, and what else it says.
    kind
        What the edges are.
    usual
        Values of what a row leaves out, where they are not those of a plain edge: both ways, of
        the kind's usual class, all limits known.
    """
    plain: dict[str, object] = {
        "oneway": False, "speed_kmh": None, "limits_known": True, "mode": kind.mode,
        "class": kind.usual_class, "speed_basis": "assumed", "access": "{}", "toll": None,
        "roundabout": False, "origin": "synthetic", "source": "drawing",
        **dict.fromkeys(("ref", "name_zh", "name_en", "hazmat", "structure", "delays")),
        **dict.fromkeys(kind.columns),
        **usual,
    }  # fmt: skip
    full = [{**plain, **row} for row in rows]
    return {name: [row[name] for row in full] for name in full[0]}


def drawn_edges(
    rows: Sequence[Mapping[str, object]],
    shapes: Sequence[Sequence[Place]],
    kind: NetworkKind,
    crossings: Sequence[UUID] = (),
    **usual: object,
) -> Edges:
    """Return edge rows, as `drawn_columns` takes them, with a shape each, as edges.

    Parameters
    ----------
    rows, kind, usual
        As `drawn_columns` takes them.
    shapes
        Vertices of each edge, longitude and latitude (EPSG:4326).
    crossings
        Ids of nodes where those on foot or a railway cross.
    """
    columns = {**drawn_columns(rows, kind, **usual), "crossings": crossings}
    points = np.array([point for shape in shapes for point in shape], np.float64)
    return edges_from_columns(columns, np.array([len(shape) for shape in shapes]), points, kind)
