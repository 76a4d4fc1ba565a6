"""Scenarios and rows of the plan in the words of the API, in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from api.http.auth import actor_of
from api.http.links import Link, api, link
from api.http.media_types import GEOJSON, JSON
from api.network.rule_shown import rule_title, show_period
from api.services import services
from layers.declare.catalog import may_read
from layers.declare.layer import Layer
from layers.indicators.catalog import definition, read_indicators
from layers.processes.registry import get_process
from layers.processes.runtime.describe import description
from layers.scenarios.model import (
    MATURITY_TITLES,
    Example,
    Number,
    Scenario,
    Step,
    Table,
    maturity,
)
from layers.scenarios.plan import Plan, Row, read_plan
from layers.scenarios.run import Result
from spatial.json_types import Document


@dataclass(frozen=True)
class SceneOf:
    """What a reader sees of a scenario: its layers, and the rows of these by origin."""

    layers: Mapping[str, Layer]
    origins: Mapping[str, int]
    hidden: bool
    """Whether there are layers that the reader may not read."""


async def read_scene(request: Request, scenario: Scenario) -> SceneOf:
    """Return what the caller sees of a scenario."""
    served, actor = services(request), actor_of(request)
    every = {name: served.catalog.get_layer(name) for name in _layers(scenario)}
    seen = {name: layer for name, layer in every.items() if may_read(layer, actor)}
    origins: dict[str, int] = {}
    for summary in (await served.summaries.of_all(seen.values(), actor)).values():
        for origin, count in summary.origins.items():
            origins[origin] = origins.get(origin, 0) + count
    return SceneOf(seen, origins, len(seen) < len(every))


def _layers(scenario: Scenario) -> list[str]:
    table = scenario.view.table
    return list(dict.fromkeys([*scenario.view.layers, *([table.layer] if table else [])]))


def show_short(request: Request, scenario: Scenario, scene: SceneOf, lang: str) -> Document:
    """Return what a list says of a scenario."""
    plan = services(request).catalog.part(read_plan)
    found = maturity(scene.origins, hidden=scene.hidden)
    team = plan.team_of[scenario.team]
    return {
        "id": scenario.id,
        "area": scenario.area,
        "title": scenario.title[lang],
        "question": scenario.question[lang],
        "rows": [_row(plan.by_id[name], lang) for name in scenario.rows],
        "team": {"id": team.id, "title": team.title[lang], "origin": plan.owners.origin},
        "maturity": {"id": found, "title": MATURITY_TITLES[found][lang]},
        "origins": scene.origins,
        "links": [link(api(request, "scenarios", scenario.id), "item", JSON)],
    }


def _row(row: Row, lang: str) -> Document:
    return {"id": row.id, "title": row.title[lang] if row.title else None}


def show_scenario(request: Request, scenario: Scenario, scene: SceneOf, lang: str) -> Document:
    """Return a whole scenario."""
    view = scenario.view
    table = view.table if view.table and view.table.layer in scene.layers else None
    return {
        **show_short(request, scenario, scene, lang),
        "users": [user[lang] for user in scenario.users],
        "view": {
            "layers": [name for name in view.layers if name in scene.layers],
            "colour": view.colour,
            "time": view.time,
            "table": _table(request, scene.layers[table.layer], table, lang) if table else None,
        },
        "numbers": [_number(request, one, lang) for one in scenario.numbers],
        "processes": [_step(request, step, lang) for step in scenario.processes],
        "workflow": scenario.workflow,
        "basis": [_basis(request, one.rule, lang) for one in scenario.basis],
        "examples": [show_example(one, lang) for one in scenario.examples],
        "links": [
            link(api(request, "scenarios", scenario.id), "self", JSON),
            link(api(request, "scenarios", scenario.id, "example"), "related", JSON),
            link(api(request, "plan"), "collection", JSON),
            *(_layer_link(request, layer, lang) for layer in scene.layers.values()),
        ],
    }


def _layer_link(request: Request, layer: Layer, lang: str) -> Link:
    return link(api(request, "collections", layer.id), "data", JSON, layer.title[lang])


def _table(request: Request, layer: Layer, table: Table, lang: str) -> Document:
    asked = {"filter": table.filter, "sortby": table.order}
    columns = [layer.by_name[name] for name in table.columns]
    return {
        "layer": layer.id,
        "columns": [
            {"name": one.name, "title": one.title[lang], "unit": one.unit} for one in columns
        ],
        "filter": table.filter,
        "order": table.order,
        "links": [link(api(request, "collections", layer.id, "items", **asked), "items", GEOJSON)],
    }


def _number(request: Request, number: Number, lang: str) -> Document:
    found = definition(services(request).catalog.part(read_indicators).get(number.indicator))
    at = ("indicators", number.indicator)
    return {
        "indicator": number.indicator,
        "title": found.title[lang],
        "unit": found.unit[lang],
        "better": found.better,
        "series": number.series,
        "links": [link(api(request, *at), "indicator", JSON)],
    }


def _step(request: Request, step: Step, lang: str) -> Document:
    process = get_process(services(request).processes, step.id)
    inputs = description(process, lang)["inputs"]
    return {
        "id": step.id,
        "title": (step.title or process.title)[lang],
        "description": process.description[lang],
        "fixed": {
            name: {"title": inputs[name]["title"], "value": value}
            for name, value in step.fixed.items()
        },
        "editable": {name: inputs[name] for name in step.editable},
        "links": [
            link(api(request, "processes", step.id), "process", JSON),
            link(api(request, "processes", step.id, "execution"), "execute", JSON),
        ],
    }


def _basis(request: Request, key: str, lang: str) -> Document:
    now = datetime.now(UTC)
    versions = services(request).rules.book.versions(key)
    held = next((period for period in versions if period.holds(now)), None)
    return {
        "rule": key,
        "title": rule_title(key)[lang],
        "in_force": show_period(held) if held else None,
        "links": [link(api(request, "rules", key), "rule", JSON)],
    }


def show_example(example: Example, lang: str) -> Document:
    """Return an example as it is declared."""
    return {
        "kind": example.kind,
        "title": example.title[lang],
        "given": example.model_dump(
            mode="json", exclude={"kind", "title", "expect"}, exclude_defaults=True
        ),
        "expected": [one.model_dump() for one in example.expect],
    }


def show_result(result: Result, lang: str) -> Document:
    """Return what came out of an example."""
    return {
        "ok": None if result.skipped else result.ok,
        "skipped": result.skipped[lang] if result.skipped else None,
        "error": result.error[lang] if result.error else None,
        "got": [{"at": one.at, "value": one.got, "ok": one.ok} for one in result.compared],
    }


def carriers(scenarios: Iterable[Scenario]) -> dict[str, Scenario]:
    """Return the scenario that carries a row, by its id."""
    return {row: one for one in scenarios for row in one.rows}


def show_row(
    request: Request, plan: Plan, row: Row, scenario: Scenario | None, lang: str
) -> Document:
    """Return a row of the plan with what carries it."""
    return {
        **_row(row, lang),
        "block": row.block,
        "area": row.area,
        "size": row.size,
        "team": row.team,
        "carried_by": _carrier(request, plan, row, scenario, lang),
        "waits_for": row.waits_for[lang] if row.waits_for else None,
    }


def _carrier(
    request: Request, plan: Plan, row: Row, scenario: Scenario | None, lang: str
) -> Document | None:
    if scenario is not None:
        at = link(api(request, "scenarios", scenario.id), "item", JSON)
        title = scenario.title[lang]
        return {"kind": "scenario", "id": scenario.id, "title": title, "links": [at]}
    if row.feature is None:
        return None
    feature = plan.feature_of[row.feature]
    return {
        "kind": "feature",
        "id": feature.id,
        "title": feature.title[lang],
        "path": feature.path,
        "document": feature.document,
    }
