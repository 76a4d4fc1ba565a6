"""A part of the network for planners' tools: GraphML that osmnx reads, and its statistics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import shapely
from pydantic import Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.runtime.helpers import prepare
from layers.processes.runtime.model import (
    Inputs,
    Lat,
    Lon,
    Outputs,
    Process,
    Scene,
    Traffic,
    titled,
    wrong_input,
)
from routing.planning.networkx_io import Statistics, statistics, to_graphml, to_networkx
from spatial.networks.road import KIND as ROAD

COLLECTING = Text(zh="选取路段", en="Choosing edges")
COUNTING = Text(zh="统计", en="Computing statistics")
WRITING = Text(zh="写出 GraphML", en="Writing GraphML")

Box = Annotated[tuple[Lon, Lat, Lon, Lat], Field()]


class ExportInputs(Inputs):
    """Which part: a box west, south, east, north, and classes; whose speeds."""

    bbox: Box = titled("范围（西南东北）", "Box (west, south, east, north)")
    classes: list[str] = titled(
        "道路等级（空为全部）", "Classes (none: all)", default=[], max_length=50
    )
    traffic: Traffic = titled("车辆与时间", "Vehicle and time", default=Traffic())


@dataclass(frozen=True)
class NetworkStatistics(Statistics):
    """Basic statistics in osmnx's measures, and the version of the network; kilometres."""

    network_version: int


class ExportOutputs(Outputs):
    """The statistics and the graph."""

    statistics: NetworkStatistics = titled("统计", "Statistics")
    graph: str = Field(
        title="Graph",
        json_schema_extra={
            "title_zh": "路网图",
            "contentMediaType": "application/graphml+xml",
        },
    )


def check(inputs: ExportInputs, _: Scene) -> None:
    """Refuse a box that has no inside."""
    west, south, east, north = inputs.bbox
    if west >= east or south >= north:
        raise wrong_input("bbox", "west < east and south < north", "须西小于东、南小于北")


def run(inputs: ExportInputs, scene: Scene) -> ExportOutputs:
    """Export the edges that touch the box and that the vehicle may drive on; closed ones too."""
    roads, prepared = scene.network, prepare(scene, inputs.traffic)
    scene.progress(0.05, COLLECTING)
    touched = roads.snapper.inside(shapely.box(*inputs.bbox))
    drivable = prepared.costs.passable[2 * touched] | prepared.costs.passable[2 * touched + 1]
    if inputs.classes:
        drivable &= roads.graph.edges.edge_class.mask(inputs.classes)[touched]
    chosen = np.sort(touched[drivable])
    if not len(chosen):
        raise wrong_input("bbox", "no road lies there", "该范围内没有道路")
    graph = to_networkx(roads.graph, chosen, prepared.costs.speed_kmh)
    scene.progress(0.5, COUNTING)
    summed = statistics(graph)
    scene.progress(0.8, WRITING)
    return ExportOutputs(
        statistics=NetworkStatistics(**asdict(summed), network_version=prepared.version),
        graph=to_graphml(graph),
    )


PROCESS = Process(
    id="export-network",
    title=Text(zh="导出路网图", en="Export the network"),
    description=Text(
        zh="把范围内的路网导出为 osmnx 可读取的 GraphML，并给出基本统计。",
        en="Exports the roads of a box as GraphML that osmnx reads, with basic statistics.",
    ),
    inputs=ExportInputs,
    outputs=ExportOutputs,
    run=run,
    reads=(network(ROAD.name),),
    check=check,
)
