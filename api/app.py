"""The application: every route mounted, errors as problems, one front before all."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from api.events import edge_speeds, events, incidents, low_visibility, sse
from api.http.asgi import BodyHandler, Front
from api.http.concurrency import Limits
from api.http.cors import Cors
from api.http.gauges import gauges_of
from api.http.negotiate import only_known
from api.http.problems import FOREIGN, client_left, handle
from api.http.rates import Rates
from api.ogc import catalogue, common, features, jobs, openapi, processes, schemas, tiles
from api.ops import access_admin, admin, csp_reports, health, rules, search, session, static
from api.ops.admin import follow_catalog
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
)
from api.services import Services, open_services
from layers.processes.registry import find_processes
from spatial.errors import SigangError
from spatial.settings import CORS_OFF, Settings

PREFIX = "/api"
SWITCH_S = 0.001
"""How long a thread with work keeps the interpreter while the event loop waits for it."""
POSTED: dict[str, tuple[type[BaseModel], BodyHandler]] = {
    f"{PREFIX}/paths": (paths.PathBody, paths.find_path),
    f"{PREFIX}/matrix": (matrix.MatrixBody, matrix.get_matrix),
    f"{PREFIX}/reach": (isochrones.ReachBody, isochrones.find_reach),
    f"{PREFIX}/nearest": (nearest.NearestBody, nearest.find_nearest),
    f"{PREFIX}/match": (match.MatchBody, match.match),
    f"{PREFIX}/events": (events.EventBody, events.create_event),
    f"{PREFIX}/carriageways/fog": (low_visibility.FogBody, low_visibility.limit_for_fog),
    f"{PREFIX}/edge-states": (edge_speeds.FeedBody, edge_speeds.feed_speeds),
    f"{PREFIX}/predicted-speeds": (predicted_speeds.PredictedBody, predicted_speeds.predict_speeds),
}
"""Questions whose bodies may be large, or that are asked most, by address."""
QUESTIONS = tuple(f"{PREFIX}/{name}" for name in ("paths", "matrix", "reach", "nearest", "match"))
"""Addresses whose POST changes nothing and is for anybody, so also for pages of other origins."""


class FastJson(JSONResponse):
    """JSON written by orjson; numbers and arrays of NumPy are numbers and arrays."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def create_app(settings: Settings | None = None) -> Front:
    """Return the application.

    Parameters
    ----------
    settings
        All settings; read from the environment when None.

    Raises
    ------
    ConfigError
        The file of a process is wrong; names it.
    """
    chosen, found = settings or Settings.from_env(), find_processes()

    sys.setswitchinterval(SWITCH_S)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(chosen, gauges_of(app), found) as opened:
            app.state.services = opened
            app.state.limits = limits = Limits.of_pool(chosen.pool_size)
            limits.show(gauges_of(app))
            _connect(opened)
            yield
            limits.close()

    app = _bare(lifespan)
    _mount(app)
    rates = Rates(chosen.requests_per_minute, chosen.workers)
    rates.show(gauges_of(app))
    hot = (tiles.tile_route, *features.routes)
    cors = Cors(chosen.allowed_origins, QUESTIONS, on=chosen.cors_origins != CORS_OFF)
    return Front(app, hot, POSTED, rates, cors, https=chosen.over_https)


def _bare(lifespan: Any) -> FastAPI:
    """Return an application without routes, whose errors are problems."""
    app = FastAPI(
        title="Sigang",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=FastJson,
    )
    for error in (SigangError, HTTPException, *FOREIGN, Exception):
        app.add_exception_handler(error, handle)
    app.add_exception_handler(ClientDisconnect, client_left)
    return app


def _connect(opened: Services) -> None:
    """Have services follow what those above them know."""
    follow_catalog(opened)
    if opened.roads is not None:
        opened.roads.warm = path_answer.warm


def _mount(app: FastAPI) -> None:
    """Mount the plain routes first: a match ends the search."""
    for module in (
        tiles,
        features,
        common,
        schemas,
        catalogue,
        openapi,
        health,
        session,
        csp_reports,
    ):
        app.router.routes.extend(module.routes)
    for routed in (
        session,
        search,
        paths,
        matrix,
        isochrones,
        nearest,
        match,
        profiles,
        rules,
        processes,
        jobs,
        events,
        edge_speeds,
        incidents,
        carriageways,
        low_visibility,
        predicted_speeds,
        sse,
        admin,
        access_admin,
    ):
        app.include_router(routed.router, prefix=PREFIX, dependencies=[Depends(only_known)])
    app.router.routes.extend(static.routes())
