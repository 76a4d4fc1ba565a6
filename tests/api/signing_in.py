"""An application of sessions and keys alone, asked in the process of a test."""

import asyncio
import contextlib
from dataclasses import fields

import httpx
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from api.audit.audit import Audit
from api.http.asgi import Front
from api.http.auth import Authenticator, actor_of
from api.http.routes import Table
from api.ops.session import pages, routes
from api.services import Services
from spatial.postgres.db import Database
from spatial.settings import Settings

TABLE = Table([*pages.registered, *routes.registered])


@contextlib.asynccontextmanager
async def opened(url, settings):
    db = await Database.open(settings, url)
    audit = Audit(db, settings.home)
    app = FastAPI(routes=[one.mounted() for one in TABLE.all])

    @app.api_route("/api/who", methods=["GET", "POST"])
    async def who(request: Request):
        return JSONResponse({"who": actor_of(request).account_id})

    parts = {"db": db, "audit": audit, "settings": settings, "auth": Authenticator(db, settings)}
    served = Services(**{field.name: parts.get(field.name) for field in fields(Services)})
    app.state.services = served
    transport = httpx.ASGITransport(Front(app, TABLE, https=settings.over_https))
    base = "https://test" if settings.over_https else "http://test"
    try:
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            client.served = served
            yield client
    finally:
        await db.close()


def ask(url, tmp_path, work, **settings):
    async def inside():
        made = Settings(database_url=url, home=tmp_path, pool_size=2, **settings)
        async with opened(url, made) as client:
            return await work(client)

    return asyncio.run(inside())
