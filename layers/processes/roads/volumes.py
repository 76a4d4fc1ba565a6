"""Predicted volumes as a change of the network: what they leave of the speed, by BPR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from pydantic import Field, model_validator

from layers.processes.readers.lane_rows import LaneRows, fit_lanes
from layers.processes.runtime.model import Inputs, Scene, wrong_input
from routing.cost.speed_profiles import free_speeds
from routing.cost.traffic_flow import predict
from routing.graph.weights import Ints
from spatial.json_types import Document
from spatial.networks.road import KIND as ROAD

SIDES = {"both": (0, 1), "forward": (0,), "backward": (1,)}

Flow = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


class VolumeGiven(Inputs):
    """A predicted volume of one edge, or of every edge of a class, by direction (pcu/h)."""

    edge: UUID | None = None
    road_class: str | None = Field(default=None, min_length=1, max_length=40)
    direction: Literal["both", "forward", "backward"] = "both"
    volume_pcu_h: Flow
    capacity_pcu_h: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one(self) -> VolumeGiven:
        if (self.edge is None) == (self.road_class is None):
            raise ValueError("name either edge or road_class")
        return self


@dataclass(frozen=True)
class Streams:
    """Speeds (km/h) by key `2 * edge + direction`, and one note per volume given."""

    kmh: dict[int, float]
    notes: list[Document]


def resolve_volumes(scene: Scene, read: LaneRows, given: Sequence[VolumeGiven]) -> Streams:
    """Return what the volumes leave of the speeds; one of an edge comes before one of its class.

    Raises
    ------
    BadParameter
        An edge or a class is not there.
    """
    found, lanes = Streams({}, []), fit_lanes(read, scene.network.graph)
    for row in sorted(given, key=lambda row: row.edge is not None):
        edges = _edges(scene, row)
        notes = []
        for keys in (2 * edges + way for way in SIDES[row.direction]):
            speeds, note = _slowed(scene, lanes, row, keys)
            found.kmh.update(zip(keys.tolist(), speeds, strict=True))
            notes.append(note)
        found.notes.append(notes[0])
    return found


def _edges(scene: Scene, row: VolumeGiven) -> Ints:
    graph = scene.network.graph
    if row.edge is not None:
        edge = graph.ids.find(row.edge)
        if edge is None:
            raise wrong_input("changes.volumes", f"no edge {row.edge}", f"没有路段 {row.edge}")
        return np.array([edge], np.int64)
    name = str(row.road_class)
    chosen = np.flatnonzero(
        graph.edges.edge_class.mask([name]) & graph.edges.mode.mask([ROAD.mode])
    )
    if not len(chosen):
        raise wrong_input(
            "changes.volumes", f"no road of class {name!r}", f"没有类别为 {name!r} 的道路"
        )
    return chosen


def _slowed(
    scene: Scene, lanes_of: Mapping[int, int], row: VolumeGiven, keys: Ints
) -> tuple[list[float], Document]:
    """Return the speed (km/h) along each key, and what is told of the volume."""
    edges = keys >> 1
    columns = scene.network.graph.edges
    lanes = np.array([lanes_of.get(edge, 0) for edge in edges.tolist()], np.int64)
    capacity = np.full(len(edges), row.capacity_pcu_h or np.nan)
    found = predict(
        [columns.edge_class.get(edge) for edge in edges.tolist()], lanes,
        np.full(len(edges), row.volume_pcu_h), capacity, scene.network.rules,
    )  # fmt: skip
    free = free_speeds(columns, scene.network.rules)[keys]
    speeds = free / found.factor
    worst = int(found.load.argmax())
    named = {"edge": str(row.edge)} if row.edge else {"class": row.road_class, "edges": len(edges)}
    return speeds.tolist(), {
        **named,
        "direction": row.direction,
        "volume_pcu_h": row.volume_pcu_h,
        "capacity_pcu_h": round(float(found.capacity_pcu_h[worst]), 1),
        "load": round(float(found.load[worst]), 4),
        "level": int(found.level[worst]),
        "speed_kmh": {"old": round(float(free[worst]), 2), "new": round(float(speeds[worst]), 2)},
    }
