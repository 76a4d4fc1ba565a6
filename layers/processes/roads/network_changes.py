"""Changes of a network as a request gives them, and as they are noted: from what to what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from pydantic import Field, model_validator

from layers.processes.readers.structure_rows import Structure
from layers.processes.roads.volumes import VolumeGiven
from layers.processes.runtime.helpers import rule_value
from layers.processes.runtime.model import Inputs, Lat, Lon, Scene, Size, wrong_input
from layers.processes.runtime.rule_models import NEW_EDGE
from routing.graph.graph import Graph
from routing.graph.weights import Ints
from routing.planning.whatif import Changes, NewEdge
from spatial.ids import uuid7
from spatial.json_types import Document

MOST_EDGES = 10_000
MOST_ADDED = 100
MOST_VERTICES = 2_000

Speed = Annotated[float, Field(gt=0, le=150, allow_inf_nan=False)]
Limit = Literal["height_m", "width_m", "length_m", "mass_t", "axle_t"]


class SpeedGiven(Inputs):
    """Another speed of an edge."""

    edge: UUID
    speed_kmh: Speed


class LimitGiven(Inputs):
    """Another limit of an edge; null takes it away."""

    edge: UUID
    limit: Limit
    value: Size | None


class EdgeGiven(Inputs):
    """A road that is not there yet; its ends join the nearest nodes."""

    line: list[tuple[Lon, Lat]] = Field(min_length=2, max_length=MOST_VERTICES)
    road_class: str = Field(default="secondary", max_length=40)
    oneway: bool = False
    speed_kmh: Speed = 60.0
    limits: dict[Limit, Size] = {}
    connect_m: float | None = Field(default=None, gt=0, le=20_000, allow_inf_nan=False)
    """How far its ends may be from the nodes that they join; the rule's when left out."""


class ChangesGiven(Inputs):
    """At least one change; a structure stands for all edges of its bundle."""

    close_structures: list[UUID] = Field(default=[], max_length=200)
    close_edges: list[UUID] = Field(default=[], max_length=MOST_EDGES)
    open_edges: list[UUID] = Field(default=[], max_length=MOST_EDGES)
    speeds: list[SpeedGiven] = Field(default=[], max_length=MOST_EDGES)
    limits: list[LimitGiven] = Field(default=[], max_length=MOST_EDGES)
    add: list[EdgeGiven] = Field(default=[], max_length=MOST_ADDED)
    volumes: list[VolumeGiven] = Field(default=[], max_length=MOST_EDGES)
    """Nobody is faster than the stream at the volume, by BPR on the free-flow speed."""

    @model_validator(mode="after")
    def _some(self) -> ChangesGiven:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("name at least one change")
        return self


def resolve_changes(scene: Scene, structures: Sequence[Structure], given: ChangesGiven) -> Changes:
    """Return the changes with edges as positions.

    Raises
    ------
    BadParameter
        An edge is not there, or a new edge is of no known class.
    """
    graph = scene.network.graph
    connect_m = rule_value(scene.network, NEW_EDGE).connect_m
    bundles = [structure.edges for structure in structures]
    closed = [_edge(graph, row_id) for row_id in given.close_edges]
    shut = np.unique(np.concatenate([*bundles, np.array(closed, np.int64)])).astype(np.int64)
    limits: dict[int, dict[str, float | None]] = {}
    for row in given.limits:
        limits.setdefault(_edge(graph, row.edge), {})[row.limit] = row.value
    return Changes(
        shut,
        np.array([_edge(graph, row_id) for row_id in given.open_edges], np.int64),
        {_edge(graph, row.edge): row.speed_kmh for row in given.speeds},
        limits,
        [_new(graph, row, row.connect_m or connect_m) for row in given.add],
    )


def _edge(graph: Graph, row_id: UUID) -> int:
    found = graph.ids.find(row_id)
    if found is None:
        raise wrong_input("changes", f"no edge {row_id}", f"没有路段 {row_id}")
    return found


def _new(graph: Graph, given: EdgeGiven, connect_m: float) -> NewEdge:
    known = set(graph.edges.edge_class.values)
    if given.road_class not in known:
        raise wrong_input(
            "changes.add",
            f"road_class must be one of {', '.join(sorted(known))}",
            f"road_class 须为 {'、'.join(sorted(known))} 之一",
        )
    points = np.array(given.line, np.float64)
    if (points == points[0]).all():
        raise wrong_input("changes.add", "the line has no length", "线段没有长度")
    limits = {str(name): value for name, value in given.limits.items()}
    return NewEdge(
        uuid7(), points, given.road_class, given.oneway, given.speed_kmh, limits, connect_m
    )


def noted(
    scene: Scene,
    structures: Sequence[Structure],
    changes: Changes,
    joined_m: Sequence[tuple[float, float]],
) -> list[Document]:
    """Return each change with what was before and what is after."""
    edges, shut = scene.network.graph.edges, scene.network.live.now.shut
    found: list[Document] = [
        {"structure": s.id, "name": dict(s.name), "edges": len(s.edges), "new": "closed"}
        for s in structures
    ]
    bundled = {int(e) for s in structures for e in s.edges}
    for kind, chosen in (("closed", changes.shut), ("open", changes.opened)):
        for edge in _listed(chosen, bundled):
            old = "closed" if shut[2 * edge] and shut[2 * edge + 1] else "open"
            found.append({"edge": str(edges.row_id(edge)), "old": old, "new": kind})
    for edge, speed in changes.speed_kmh.items():
        old_speed = edges.speed_kmh[edge]
        found.append(
            {"edge": str(edges.row_id(edge)), "speed_kmh": {"old": _known(old_speed), "new": speed}}
        )
    for edge, limits in changes.limits.items():
        for name, value in limits.items():
            old_limit = _known(edges.limits[edge, edges.kind.sizes.index(name)])
            found.append({"edge": str(edges.row_id(edge)), name: {"old": old_limit, "new": value}})
    for new, gaps in zip(changes.added, joined_m, strict=True):
        found.append({"added": str(new.id), "class": new.edge_class, "joined_m": list(gaps)})
    return found


def _listed(chosen: Ints, bundled: set[int]) -> list[int]:
    return [edge for edge in chosen.tolist() if edge not in bundled]


def _known(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
