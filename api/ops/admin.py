"""Administration: read the declarations again, on every worker."""

from __future__ import annotations

import asyncio
import logging

from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.responses import fresh
from api.http.routes import Routes
from api.services import Services, services
from spatial.errors import ConfigError, SigangError, WrongDeclaration
from spatial.json_types import Document
from spatial.postgres.notices import notify

log = logging.getLogger("sigang")
routes = Routes("admin")

ROLES = ("admin", "dispatcher")


@routes.post("/api/admin/reload")
async def reload_catalog(request: Request) -> Response:
    """Read all layer declarations again; every worker then serves the new ones.

    A wrong declaration changes nothing and is named with file and key.
    """
    served, actor = services(request), actor_of(request)
    require(actor, *ROLES)
    try:
        changed = await _reload(served)
    except ConfigError as error:
        raise WrongDeclaration(
            error.en, error.zh, mend_en=error.mend_en, mend_zh=error.mend_zh, **error.extra
        ) from None
    version = served.catalog.version
    async with served.db.write(actor) as conn:
        await served.audit.write(conn, actor, "reload", "catalogue", detail={"version": version})
        await notify(conn, "catalog", version=version)
    return fresh({"version": version, "changed": changed, "layers": list(served.catalog.layers)})


def follow_catalog(opened: Services) -> None:
    """Read the declarations again when another worker has read new ones."""

    async def follow(note: Document) -> None:
        if note.get("version") == opened.catalog.version:
            return
        try:
            await _reload(opened)
        except SigangError as error:
            log.error("the declarations stay as they were: %s", error.en)

    opened.bus.subscribe("catalog", follow)


async def _reload(served: Services) -> bool:
    changed = await asyncio.to_thread(served.catalog.reload)
    served.tiles.catalog_changed()
    return changed
