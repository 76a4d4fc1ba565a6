"""The application: every route mounted, errors as problems, one front before all."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.airspace import (
    approvals,
    briefing,
    dss_constraints,
    dss_intents,
    dss_others,
    dss_subscriptions,
    flights,
    operations,
    picture,
    restriction_notices,
    restrictions,
    section,
    suitability,
    uss,
)
from api.airspace import check as airspace_check
from api.airspace import pack as airspace_pack
from api.airspace.air_keeper import AirKeeper
from api.airspace.plan_verdict import FoundVerdicts
from api.airspace.sweep import tending_air
from api.events import (
    detour,
    edge_speeds,
    events,
    heartbeats,
    incidents,
    low_visibility,
    preview,
    sse,
)
from api.events.schedule import ending_expired
from api.http.app_state import own
from api.http.asgi import Front
from api.http.concurrency import Limits
from api.http.cors import Cors
from api.http.gauges import Gauges
from api.http.problems import FOREIGN, client_left, handle
from api.http.rates import Rates
from api.http.routes import Table
from api.law import exposure, inspections
from api.ogc import (
    board,
    catalogue,
    common,
    features,
    function_cells,
    function_layers,
    indicators,
    jobs,
    openapi,
    processes,
    reports,
    scenarios,
    schemas,
    tiles,
)
from api.ops import access_admin, admin, csp_reports, health, rules, search, session, static
from api.ops.admin import follow_catalog
from api.ports.berths import plans as berth_plans
from api.ports.linkage import disruptions, itineraries
from api.ports.linkage import hubs as linkage_hubs
from api.ports.locks import asked as locks_asked
from api.ports.locks import kept as locks_kept
from api.ports.locks import published as locks_published
from api.ports.locks import voyage as locks_voyage
from api.ports.shipments import kept as shipments_kept
from api.ports.shipments import messages as shipments_messages
from api.ports.waterway import classes as waterway_classes
from api.ports.waterway import declared as waterway_declared
from api.ports.waterway import paths as waterway_paths
from api.ports.waterway import sizes as waterway_sizes
from api.ports.waterway import skipper as waterway_skipper
from api.ports.waterway import tables as waterway_tables
from api.roads import (
    carriageways,
    isochrones,
    match,
    matrix,
    nearest,
    path_answer,
    paths,
    predicted_speeds,
    profiles,
    stakes_near,
)
from api.services import Handed, Services, open_services
from layers.processes.registry import find_processes
from spatial.errors import SigangError
from spatial.settings import CORS_OFF, Settings

SWITCH_S = 0.001
"""How long a thread with work keeps the interpreter while the event loop waits for it."""
ROUTES = (
    tiles.routes,
    function_layers.routes,
    function_cells.routes,
    features.routes,
    common.routes,
    schemas.routes,
    catalogue.routes,
    openapi.routes,
    health.routes,
    session.pages,
    csp_reports.routes,
    session.routes,
    search.routes,
    paths.routes,
    matrix.routes,
    isochrones.routes,
    nearest.routes,
    match.routes,
    profiles.routes,
    waterway_paths.routes,
    waterway_sizes.routes,
    waterway_classes.routes,
    waterway_declared.routes,
    waterway_skipper.routes,
    waterway_tables.routes,
    airspace_check.routes,
    airspace_pack.routes,
    suitability.routes,
    briefing.routes,
    restrictions.routes,
    restriction_notices.routes,
    picture.routes,
    section.routes,
    rules.routes,
    indicators.routes,
    board.routes,
    processes.routes,
    scenarios.routes,
    reports.routes,
    jobs.routes,
    events.routes,
    edge_speeds.routes,
    heartbeats.routes,
    incidents.routes,
    exposure.routes,
    inspections.routes,
    itineraries.routes,
    linkage_hubs.routes,
    disruptions.routes,
    carriageways.routes,
    stakes_near.routes,
    low_visibility.routes,
    preview.routes,
    detour.routes,
    predicted_speeds.routes,
    sse.routes,
    admin.routes,
    access_admin.routes,
    operations.routes,
    approvals.routes,
    flights.routes,
    dss_intents.routes,
    dss_constraints.routes,
    dss_subscriptions.routes,
    dss_others.routes,
    uss.routes,
    locks_asked.routes,
    locks_voyage.routes,
    locks_kept.routes,
    locks_published.routes,
    berth_plans.routes,
    shipments_messages.routes,
    shipments_kept.routes,
    static.pages,
)
"""All routes, in the order in which they are tried; those asked most first."""
TABLE = Table(one for routes in ROUTES for one in routes.registered)


def create_app(settings: Settings | None = None, handed: Handed | None = None) -> Front:
    """Return the application.

    Parameters
    ----------
    settings
        All settings; read from the environment when None.
    handed
        What was read already for the processes that serve it.

    Raises
    ------
    ConfigError
        The file of a process is wrong; names it.
    """
    chosen, found = settings or Settings.from_env(), find_processes()
    sys.setswitchinterval(SWITCH_S)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        read = handed or Handed()
        async with open_services(chosen, own(app, Gauges), found, read) as opened:
            app.state.services = opened
            app.state.limits = limits = Limits.of_pool(chosen.pool_size)
            limits.show(own(app, Gauges))
            _connect(opened)
            air = own(app, AirKeeper), own(app, FoundVerdicts)
            async with ending_expired(opened.db), tending_air(opened, *air):
                yield
            limits.close()

    app = _bare(lifespan)
    app.router.routes.extend([*(one.mounted() for one in TABLE.all), *static.mounts()])
    rates = Rates(chosen.requests_per_minute, chosen.workers)
    for shown in (rates, own(app, csp_reports.Reports)):
        shown.show(own(app, Gauges))
    cors = Cors(chosen.allowed_origins, TABLE.questions, on=chosen.cors_origins != CORS_OFF)
    return Front(app, TABLE, rates, cors, https=chosen.over_https)


def _bare(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """Return an application without routes, whose errors are problems."""
    app = FastAPI(
        title="Sigang",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for error in (SigangError, HTTPException, *FOREIGN, Exception):
        app.add_exception_handler(error, handle)
    app.add_exception_handler(ClientDisconnect, client_left)
    return app


def _connect(opened: Services) -> None:
    """Have services follow what those above them know."""
    follow_catalog(opened)
    for network in opened.networks or ():
        network.warm = path_answer.warm
