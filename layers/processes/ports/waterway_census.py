"""On how much of the waterways it can be told whether a vessel passes; why not on the rest."""

from __future__ import annotations

from collections import defaultdict
from typing import cast

import numpy as np
from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.waterway_code_rows import fit_codes, waterway_codes
from layers.processes.runtime.helpers import feature
from layers.processes.runtime.model import Features, Inputs, Outputs, Process, Scene, titled
from routing.waterway.census import verdicts_by_cause
from routing.waterway.rule_models import CENSUS, CLASS_TONNAGE
from routing.waterway.voyage import limits_of
from spatial.networks.waterway import KIND as WATERWAY
from spatial.rules import get_rule

CODES = waterway_codes()
M_PER_KM = 1000


class CensusInputs(Inputs):
    """Nothing is asked: the vessels are those of rule `waterway.census`."""


class Judged(BaseModel):
    """Kilometres of one verdict for one vessel in one county; `cause` where it cannot be told."""

    unit: str | None
    vessel: str
    verdict: str
    cause: str | None
    edge_origin: str
    km: float
    edges: int


class CensusOutputs(Outputs):
    """Sums by vessel, verdict, cause, county and origin of the edges, and as rows of a layer."""

    judged: list[Judged] = titled("判定里程", "Judged")
    cells: Features = titled("判定里程图层", "Rows")


def run(_: CensusInputs, scene: Scene) -> CensusOutputs:
    """Judge every edge for every standard vessel with the levels of now."""
    found = _count(scene)
    return CensusOutputs(judged=found, cells=Features(features=[_cell(one) for one in found]))


def _count(scene: Scene) -> list[Judged]:
    graph, rules = scene.network.graph, scene.network.rules
    judge, codes = limits_of(scene.network).judge, fit_codes(scene.get(CODES), graph)
    origins = [graph.edges.origin.get(edge) or "real" for edge in range(len(graph.edges))]
    tonnage = get_rule(rules, CLASS_TONNAGE).value.root
    km: dict[tuple[str, str, str, str, str], float] = defaultdict(float)
    edges: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for vessel, body in get_rule(rules, CENSUS).value.root.items():
        given = {**body.model_dump(), "deadweight_t": tonnage[vessel]}
        sizes = np.array([given[name] for name in judge.kind.sizes])
        judged = verdicts_by_cause(judge, sizes, scene.now.timestamp())
        for edge, (verdict, cause) in enumerate(judged):
            key = codes[edge] or "", vessel, verdict, cause or "", origins[edge]
            km[key] += float(graph.edges.length_m[edge]) / M_PER_KM
            edges[key] += 1
    return [
        Judged(
            unit=key[0] or None, vessel=key[1], verdict=key[2], cause=key[3] or None,
            edge_origin=key[4], km=round(km[key], 3), edges=edges[key],
        )
        for key in sorted(km)
    ]  # fmt: skip


def _cell(one: Judged) -> object:
    told = cast(dict[str, str], one.model_dump(exclude={"unit"}))
    name = "/".join(str(part) for part in (one.unit, *told.values())[:5])
    return feature(name, None, admin_code=one.unit, **told)


PROCESS = Process(
    id="waterway-census",
    title=Text(zh="航道可判定程度", en="What can be told of waterways"),
    description=Text(
        zh="对规则给定的各等级标准船舶，以当前水位逐航段判定可通过、不可通过、"
        "无法判定及原因，按县与来源汇总里程。",
        en="Judges every stretch for the standard vessels of a rule with the levels of now: "
        "passes, refused, or cannot tell and by which cause; kilometres by county and origin.",
    ),
    inputs=CensusInputs,
    outputs=CensusOutputs,
    run=run,
    reads=(network(WATERWAY.name), CODES),
)
