"""Which values of a waterway to survey first: those that let the most tonne-kilometres pass."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.runtime.model import Inputs, Outputs, Place, Process, Scene, titled
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from routing.waterway.describe import Teller
from routing.waterway.judge import Unknown
from routing.waterway.surveys import choose_surveys
from routing.waterway.voyage import Voyage, find_voyage, teller_of
from spatial.errors import LimitViolated, NoSnap, Unreachable
from spatial.networks.waterway import KIND as WATERWAY

MOST_DEMANDS, MOST_SURVEYS = 200, 50
PROFILE = "barge"


class Demand(Inputs):
    """Tonnes to be carried from one place to another."""

    origin: Place
    destination: Place
    tonnes: float = Field(gt=0, le=1e9, allow_inf_nan=False)


class Dimensions(Inputs):
    """The vessel that shall carry them."""

    draught_m: float = Field(gt=0, le=30, allow_inf_nan=False)
    air_draught_m: float = Field(gt=0, le=80, allow_inf_nan=False)
    beam_m: float = Field(gt=0, le=80, allow_inf_nan=False)
    length_m: float = Field(gt=0, le=400, allow_inf_nan=False)
    deadweight_t: float = Field(gt=0, le=100_000, allow_inf_nan=False)


class SurveysInputs(Inputs):
    """Demands, the vessel, and how many values can be surveyed."""

    demands: list[Demand] = titled("运量", "Demands", min_length=1, max_length=MOST_DEMANDS)
    vessel: Dimensions = titled("船舶尺度", "Vessel")
    count: int = titled("可测数量", "Values to survey", default=10, ge=1, le=MOST_SURVEYS)


class Survey(BaseModel):
    """A value to find out, with what would be enough, and the t km that wait for it."""

    value: object
    waiting_tkm: float


class Carried(BaseModel):
    """A demand: whether it passes today, and whether it would after the surveys."""

    id: str
    answer: str
    unlocked: bool
    tkm: float | None
    values_missing: int | None


class SurveysSummary(BaseModel):
    """What passes today, what the surveys would let pass, and what no choice of so many exceeds."""

    passes_tkm: float
    unlocked_tkm: float
    bound_tkm: float
    waiting_tkm: float
    refused: int
    network_version: int


class SurveysOutputs(Outputs):
    """The choice, the demands, and the sums."""

    summary: SurveysSummary = titled("结论", "Summary")
    surveys: list[Survey] = titled("优先测量", "Surveys")
    demands: list[Carried] = titled("运量", "Demands")


@dataclass(frozen=True)
class _Asked:
    """One demand as it was answered; no voyage is refused."""

    demand: Demand
    voyage: Voyage | None
    tkm: float | None
    why: str = ""

    @property
    def waits(self) -> frozenset[Unknown]:
        """What it waits for."""
        missing = self.voyage.missing if self.voyage else None
        return missing.unknowns if missing else frozenset()


def run(inputs: SurveysInputs, scene: Scene) -> SurveysOutputs:
    """Ask every demand, then choose the values that let the most pass."""
    asked = [_ask(scene, inputs.vessel, demand) for demand in inputs.demands]
    waiting = [one for one in asked if one.waits]
    found = choose_surveys(
        [one.waits for one in waiting], [one.tkm or 0.0 for one in waiting], inputs.count
    )
    unlocked = {id(one) for one, let in zip(waiting, found.unlocked, strict=True) if let}
    passes = [one.tkm or 0.0 for one in asked if one.voyage and not one.waits]
    summary = SurveysSummary(
        passes_tkm=round(sum(passes), 1),
        unlocked_tkm=round(found.value, 1),
        bound_tkm=round(found.bound, 1),
        waiting_tkm=round(sum(one.tkm or 0.0 for one in waiting), 1),
        refused=sum(one.voyage is None for one in asked),
        network_version=scene.network.version,
    )
    return SurveysOutputs(
        summary=summary,
        surveys=[_survey(scene.network, waiting, value) for value in found.chosen],
        demands=[_carried(one, id(one) in unlocked) for one in asked],
    )


def _ask(scene: Scene, vessel: Dimensions, demand: Demand) -> _Asked:
    places = [demand.origin.point, demand.destination.point]
    query = PathQuery(PROFILE, places, sizes=vessel.model_dump())
    try:
        voyage = find_voyage(scene.network, query, scene.now)
    except (LimitViolated, Unreachable, NoSnap) as error:
        return _Asked(demand, None, None, error.type)
    return _Asked(demand, voyage, voyage.paths[0].sums()[0] / 1000 * demand.tonnes)


def _survey(network: RoadNetwork, waiting: list[_Asked], value: Unknown) -> Survey:
    mine = [one for one in waiting if value in one.waits]
    first = mine[0].voyage
    told: object = None
    if first is not None and first.missing is not None:
        teller: Teller = teller_of(network, first.vessel)
        edges = [edge for edge, way in first.missing.by_edge.items() if value in way]
        told = teller.unknown(value, edges)
    return Survey(value=told, waiting_tkm=round(sum(one.tkm or 0.0 for one in mine), 1))


def _carried(one: _Asked, unlocked: bool) -> Carried:
    answer = one.voyage.answer if one.voyage else one.why
    name = f"{one.demand.origin.id} {one.demand.destination.id}"
    tkm = None if one.tkm is None else round(one.tkm, 1)
    missing = len(one.waits) if one.voyage else None
    return Carried(id=name, answer=answer, unlocked=unlocked, tkm=tkm, values_missing=missing)


PROCESS = Process(
    id="waterway-surveys",
    title=Text(zh="航道优先测量", en="Waterway surveys"),
    description=Text(
        zh="逐项运量判断给定船舶能否通航；对因限值未知而无法判断的，取能定论的最少未知值，在给定数量内精确选出解锁吨公里最多的测量项，"
        "并给出上界。",
        en="Asks for each demand whether a vessel passes; of those that cannot be told takes the "
        "fewest values that would decide, and chooses, exactly and with its bound, those whose "
        "surveys let the most tonne-kilometres pass.",
    ),
    inputs=SurveysInputs,
    outputs=SurveysOutputs,
    run=run,
    reads=(network(WATERWAY.name),),
)
