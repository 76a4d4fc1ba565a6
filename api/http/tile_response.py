"""The response of a vector tile, with its truth in the headers."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from api.http.media_types import MVT
from api.http.responses import matches
from layers.tiles.tile_cache import Tile


def tile_response(
    request: Request, tile: Tile, *, everybody: bool, more: Mapping[str, str] | None = None,
    media_type: str = MVT,
) -> Response:  # fmt: skip
    """Return the response of a tile with its truth in the headers."""
    packed = tile.gzipped and "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{tile.etag}{"-gz" if packed else ""}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"{'public' if everybody else 'private'}, no-cache",
        "Vary": "Accept-Encoding, Cookie, Authorization, Origin",
        "Sigang-Shown": str(tile.shown),
        "Sigang-Total": str(tile.total),
        "Sigang-Level": str(tile.level),
        "Sigang-Tolerance-M": f"{tile.tolerance_m:g}",
        **(more or {}),
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if not tile.body:
        return Response(status_code=204, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(tile.body if packed else tile.plain(), media_type=media_type, headers=headers)
