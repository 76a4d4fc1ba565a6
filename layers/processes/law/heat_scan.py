"""Circles of cells in which more was found than what was looked explains: Kulldorff's scan."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.law.cell_inputs import CellInputs, cells_asked
from layers.processes.law.surfaces import coarser, places_m, states_of
from layers.processes.readers.county_name_rows import Names, county_names, named
from layers.processes.readers.heat_rows import HeatCells, heat
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.helpers import feature, show_rule
from layers.processes.runtime.model import (
    ENFORCERS,
    Features,
    Outputs,
    Process,
    Scene,
    titled,
)
from layers.processes.runtime.ring import Ring, places_inside
from routing.graph.weights import Ints
from routing.statistics.rule_models import CELLS, SCAN
from routing.statistics.scan import Cluster, poisson_scan
from spatial.common_units import common_unit
from spatial.errors import TooComplex
from spatial.geo.geojson import Feature, Geometry
from spatial.geo.zorder import bounds_of
from spatial.rules import get_rule

DIGITS = 6
MOST_STEPS = 20_000_000_000
"""Cells of circles times replications at most: a minute or two."""
METHOD = (
    "Poisson scan of circles (Kulldorff 1997): expected events by exposure, chance by throws of"
    " all events"
)
THROWING = Text(zh="随机重复", en="Throwing the events anew")


class ScanInputs(CellInputs):
    """What is scanned, and how often chance is asked."""

    replications: int | None = titled("重复次数", "Replications", default=None, ge=9, le=9_999)
    seed: int | None = titled("随机种子", "Seed", default=None, ge=0, le=2**32 - 1)
    share: float | None = titled(
        "圆内检查量份额上限", "Share of the exposure that a circle may hold",
        default=None, gt=0, le=0.5, allow_inf_nan=False,
    )  # fmt: skip
    area: Ring | None = titled(
        "范围（只扫描中心在其中的单元）", "Area: cells with their middle inside alone", default=None
    )


class ScanParameters(BaseModel):
    """What the scan took, by hand or by rule."""

    level: int
    replications: int
    seed: int
    share: float
    most_cells: int


class ScanSummary(BaseModel):
    """What was scanned, how, and by which rules."""

    cells: int = Field(description="Cells with a rate: these take part")
    not_inspected: int
    short: int = Field(description="Cells with more events than exposure: they take no part")
    events: int = Field(description="Of the cells that take part")
    exposure: int
    clusters: int
    least_p: float | None = Field(description="Of the best circle; null without any")
    most_p: float = Field(description="Of rule: larger ones are no clusters")
    parameters: ScanParameters
    method: str = METHOD
    rules: list[dict[str, object]]
    sentence: Text


class ScanOutputs(Outputs):
    """The clusters with their numbers, the most likely first, and what they are."""

    clusters: Features = titled("聚集区", "Clusters")
    summary: ScanSummary = titled("汇总", "Summary")


RULES = rules_at(lambda _: None)
HEAT = heat(cells_asked)
COUNTIES = county_names()


def run(inputs: ScanInputs, scene: Scene) -> ScanOutputs:
    """Scan the cells, and tell the circles that chance does not explain."""
    took, most_p = _parameters(inputs, scene)
    cells = coarser(scene.get(HEAT), cells_asked(inputs).level - took.level)
    if inputs.area is not None:
        cells = _within(cells, inputs.area, took.level)
    state = states_of(cells)
    rated = np.flatnonzero(state == "rated")
    circle = min(took.most_cells, len(rated))
    if len(rated) * circle * took.replications > MOST_STEPS:
        raise TooComplex(
            f"{len(rated)} cells are too many for {took.replications} replications",
            f"{len(rated)} 个单元、{took.replications} 次重复，计算量过大",
            mend_en="Take larger cells (level), fewer replications, or a shorter period.",
            mend_zh="请减小级别（单元更大）、减少重复次数，或缩短时段。",
        )
    found = _scanned(cells, rated, took, scene) if cells.events[rated].sum() > 0 else []
    kept = [one for one in found if one.p <= most_p]
    total = float(cells.events[rated].sum())
    summary = ScanSummary(
        cells=len(rated),
        not_inspected=int((state == "not_inspected").sum()),
        short=int((state == "short").sum()),
        events=int(total),
        exposure=int(cells.exposure[rated].sum()),
        clusters=len(kept),
        least_p=found[0].p if found else None,
        most_p=most_p,
        parameters=took,
        rules=[dict(show_rule(get_rule(scene.get(RULES), kind))) for kind in (CELLS, SCAN)],
        sentence=_sentence(len(rated), len(kept), took),
    )
    shown = _shown(cells, rated, kept, took.level, total, scene.get(COUNTIES))
    return ScanOutputs(clusters=Features(features=list(shown)), summary=summary)


def _parameters(inputs: ScanInputs, scene: Scene) -> tuple[ScanParameters, float]:
    """Return what the scan takes, and from which chance on a circle is no cluster."""
    rules = scene.get(RULES)
    rule = get_rule(rules, SCAN).value
    took = ScanParameters(
        level=inputs.level or get_rule(rules, CELLS).value.level,
        replications=inputs.replications or rule.replications,
        seed=rule.seed if inputs.seed is None else inputs.seed,
        share=inputs.share or rule.share,
        most_cells=rule.most_cells,
    )
    return took, rule.most_p


def _within(cells: HeatCells, area: Ring, level: int) -> HeatCells:
    """Return the cells whose middle lies in an area."""
    west, south, east, north = bounds_of(cells.keys, level)
    kept = np.flatnonzero(places_inside(area, (west + east) / 2, (south + north) / 2))
    codes = [cells.admin_codes[at] for at in kept.tolist()]
    return HeatCells(cells.keys[kept], codes, cells.events[kept], cells.exposure[kept])


def _scanned(cells: HeatCells, rated: Ints, took: ScanParameters, scene: Scene) -> list[Cluster]:
    return poisson_scan(
        places_m(cells.keys[rated], took.level), cells.events[rated], cells.exposure[rated],
        replications=took.replications, seed=took.seed, share=took.share,
        most_cells=took.most_cells, progress=lambda share: scene.progress(share, THROWING),
    )  # fmt: skip


def _shown(
    cells: HeatCells, rated: Ints, found: Sequence[Cluster], level: int, total: float,
    names: Names,
) -> Iterator[Feature]:  # fmt: skip
    """Yield the clusters, each with the cells of its circle as its outline."""
    west, south, east, north = bounds_of(cells.keys, level)
    for rank, one in enumerate(found, 1):
        inside, centre = rated[one.cells], int(rated[one.centre])
        risk = one.relative_risk(total)
        code = common_unit([cells.admin_codes[cell] for cell in inside.tolist()])
        yield feature(
            str(cells.keys[centre]),
            _outline(cells.keys[inside], level),
            rank=rank,
            admin_code=code,
            **named(names, code),
            cells=len(inside),
            lon=round(float(west[centre] + east[centre]) / 2, 7),
            lat=round(float(south[centre] + north[centre]) / 2, 7),
            radius_m=round(one.radius_m, 1),
            events=int(one.events),
            exposure=int(cells.exposure[inside].sum()),
            expected=round(one.expected, DIGITS),
            ratio=round(one.relative, DIGITS),
            relative_risk=round(risk, DIGITS) if math.isfinite(risk) else None,
            log_likelihood_ratio=round(one.log_ratio, DIGITS),
            p=round(one.p, DIGITS),
        )


def _outline(keys: Ints, level: int) -> Geometry:
    """Return cells as one outline, degrees (EPSG:4326)."""
    whole = shapely.union_all(shapely.box(*bounds_of(keys, level)))
    parts = [part.normalize() for part in shapely.get_parts(whole)]
    return {
        "type": "MultiPolygon",
        "coordinates": [
            [np.round(shapely.get_coordinates(r), 7).tolist() for r in (p.exterior, *p.interiors)]
            for p in parts
        ],
    }


def _sentence(cells: int, clusters: int, took: ScanParameters) -> Text:
    return Text(
        zh=f"{cells} 个有检查记录的单元中有 {clusters} 个圆形聚集区，查获超过检查量所能解释的；"
        f"{took.replications} 次随机重复，种子 {took.seed}。未检查的单元不参与。",
        en=f"{clusters} circles among {cells} inspected cells in which more was found than exposure"
        f" explains; {took.replications} replications, seed {took.seed}. Cells that nobody"
        " inspected take no part.",
    )


PROCESS = Process(
    id="heat-scan",
    title=Text(zh="空间扫描聚集区", en="Clusters by spatial scan"),
    description=Text(
        zh="Kulldorff 泊松扫描：以检查量为期望，找出查获异常多的圆形聚集区，附相对风险与随机重复的"
        " p 值；重复次数与种子可指定。",
        en="Kulldorff's Poisson scan: circles with more events than exposure explains, with"
        " relative risk and p of replications; their number and seed may be given.",
    ),
    inputs=ScanInputs,
    outputs=ScanOutputs,
    run=run,
    reads=(RULES, HEAT, COUNTIES),
    roles=ENFORCERS,
    version="1.1.0",
)
