"""GET /scenarios, /scenarios/{id}, its worked example, and /plan: what carries each row of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from api.http.app_state import own
from api.http.auth import actor_of
from api.http.links import api, link
from api.http.media_types import JSON
from api.http.negotiate import language
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.scenario_text import (
    carriers,
    read_scene,
    show_example,
    show_result,
    show_row,
    show_scenario,
    show_short,
)
from api.services import Services, services
from layers.declare.base import Text
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.model import SampleExample, Scenario
from layers.scenarios.plan import read_plan
from layers.scenarios.run import Ground, Result, run_example
from spatial.actor import Actor
from spatial.errors import NotFound
from spatial.json_types import Document

KEPT = 64
WHOLE = Text(
    zh="查找样例中的预置事实需要全省范围",
    en="Truths of the sample are looked for in the whole province",
)
routes = Routes("scenarios")


@dataclass
class Runs:
    """The examples that an application ran, by scenario, declarations and rules."""

    found: dict[tuple[str, str, str], list[Result]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, served: Services, scenario: Scenario, actor: Actor) -> list[Result]:
        """Return the examples of a scenario, run once for these declarations and rules.

        What is planted in the sample is looked for at each request, for who sees all of it.
        """
        rules = served.rules.current
        key = scenario.id, served.catalog.version, rules.digest
        ground = Ground(served.db, served.catalog, served.processes, rules)
        async with self.turn:
            if key not in self.found:
                results = [
                    Result(one, (), skipped=WHOLE)
                    if isinstance(one, SampleExample)
                    else await run_example(one, ground)
                    for one in scenario.examples
                ]
                while len(self.found) >= KEPT:
                    del self.found[next(iter(self.found))]
                self.found[key] = results
            return [
                await run_example(one.example, ground) if one.skipped and actor.provincial else one
                for one in self.found[key]
            ]


@routes.get("/api/scenarios")
async def list_scenarios(request: Request) -> Response:
    """List the scenarios by area: who asks what, which rows of the plan, how mature."""
    served, lang = services(request), language(request)
    found = served.catalog.part(read_scenarios).values()
    listed = [show_short(request, one, await read_scene(request, one), lang) for one in found]
    served.audit.record(actor_of(request), "scenarios", "all")
    own_link = link(api(request, "scenarios"), "self", JSON)
    return conditional(request, {"scenarios": listed, "links": [own_link]})


@routes.get("/api/scenarios/{scenario_id}")
async def get_scenario(scenario_id: str, request: Request) -> Response:
    """Return a scenario: view, numbers, processes with what may be edited, basis, examples."""
    served, scenario = services(request), _find(request, scenario_id)
    body = show_scenario(request, scenario, await read_scene(request, scenario), language(request))
    served.audit.record(actor_of(request), "scenarios", scenario.id)
    return conditional(request, body)


@routes.get("/api/scenarios/{scenario_id}/example")
async def get_example(scenario_id: str, request: Request) -> Response:
    """Return the examples of a scenario: what is given, what is expected, what came out now."""
    served, scenario = services(request), _find(request, scenario_id)
    results = await own(request.app, Runs).of(served, scenario, actor_of(request))
    lang = language(request)
    shown = [{**show_example(one.example, lang), **show_result(one, lang)} for one in results]
    served.audit.record(actor_of(request), "scenarios", f"{scenario.id}/example")
    return conditional(
        request,
        {
            "scenario": scenario.id,
            "ok": all(one.ok for one in results),
            "examples": shown,
            "links": [
                link(api(request, "scenarios", scenario.id, "example"), "self", JSON),
                link(api(request, "scenarios", scenario.id), "up", JSON),
            ],
        },
    )


@routes.get("/api/plan")
async def get_plan(request: Request) -> Response:
    """Return the rows of the reform plan: owner, size, and what carries each or what it lacks."""
    served, lang = services(request), language(request)
    plan = served.catalog.part(read_plan)
    carried = carriers(served.catalog.part(read_scenarios).values())
    rows: list[Document] = [
        show_row(request, plan, row, carried.get(row.id), lang) for row in plan.rows
    ]
    served.audit.record(actor_of(request), "plan", "all")
    body = {
        "owners": plan.owners.model_dump(),
        "teams": [{"id": t.id, "kind": t.kind, "title": t.title[lang]} for t in plan.teams],
        "rows": rows,
        "links": [link(api(request, "plan"), "self", JSON)],
    }
    return conditional(request, body)


def _find(request: Request, scenario_id: str) -> Scenario:
    known = services(request).catalog.part(read_scenarios)
    found = known.get(scenario_id)
    if found is None:
        raise NotFound(
            f"No scenario {scenario_id[:80]!r}", f"没有情景 {scenario_id[:80]!r}",
            mend_en="/api/scenarios lists them.", mend_zh="/api/scenarios 列出全部情景。",
        )  # fmt: skip
    return found
