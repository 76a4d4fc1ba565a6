"""The web map's files at `/`, with a strict Content-Security-Policy and entity tags.

The map's page loads the bundle while that is fresh, else the modules that it was made from.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.http.responses import matches, weak_tag
from api.http.routes import Routes
from api.ops import bundle
from api.ops.csp_reports import PATH

ROOT = Path(__file__).resolve().parents[2] / "frontend_static"
FOLDERS = ("css", "js", "img", "vendor", bundle.OUTPUT)
"""What is served; the rest of the folder builds and tests it."""
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


def policy(page: bytes) -> str:
    """Return the policy of the map's page; its inline import map is allowed by hash."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"
        for text in _INLINE.findall(page)
    )
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        "worker-src 'self' blob:; child-src 'self' blob:; manifest-src 'self'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; report-uri {PATH}"
    )


pages = Routes()


@lru_cache(maxsize=4)
def _heads(body: bytes) -> tuple[str, str]:
    return policy(body), weak_tag(body)


@pages.get("/", reads=None)
@pages.get("/index.html", reads=None)
async def get_index(request: Request) -> Response:
    """Answer the map's page; its parameters are for its own script."""
    return _answer(request, bundle.fresh_page(ROOT) or (ROOT / bundle.PAGE).read_bytes())


@pages.get("/admin", reads=None)
async def get_admin(request: Request) -> Response:
    """Answer the administrators' page; what it shows, the API gives to administrators only."""
    return _answer(request, (ROOT / "admin.html").read_bytes())


def _answer(request: Request, body: bytes) -> Response:
    csp, tag = _heads(body)
    headers = {
        "Content-Security-Policy": csp,
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if matches(request.headers.get("if-none-match"), tag.removeprefix("W/")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/html", headers=headers)


@pages.get("/favicon.ico", reads=None)
async def get_icon(_: Request) -> Response:
    """Answer the icon that browsers ask for by themselves."""
    return FileResponse(ROOT / "img" / "mark.svg", media_type="image/svg+xml")


class _Files(StaticFiles):
    def __init__(self, name: str) -> None:
        super().__init__(directory=ROOT / name, check_dir=False)
        hashed = name == bundle.OUTPUT
        self._keep = "public, max-age=31536000, immutable" if hashed else "no-cache"

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = self._keep
        return response


def mounts() -> list[BaseRoute]:
    """Return the folders of the front end."""
    return [Mount(f"/{name}", _Files(name)) for name in FOLDERS]
