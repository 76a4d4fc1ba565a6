"""What is told of computed layers: by which process, of what, when, and whether they are stale."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from api.http import links
from api.http.links import link
from api.http.media_types import JSON
from api.services import services
from layers.computed.store import State, read_states
from layers.declare.layer import Computed, Layer
from spatial.json_types import Document


async def told_of_one(request: Request, layer: Layer) -> Document:
    """Return a member `computed` for a layer that is, else nothing."""
    if layer.computed is None:
        return {}
    return {"computed": (await told_of(request, [layer]))[layer.id]}


async def told_of(request: Request, layers: Iterable[Layer]) -> dict[str, Document]:
    """Return by id what is told of those layers that are computed."""
    how = {layer.id: layer.computed for layer in layers if layer.computed is not None}
    if not how:
        return {}
    async with services(request).db.public.acquire() as conn:
        states = await read_states(conn, list(how))
    return {name: _told(request, one, states.get(name)) for name, one in how.items()}


def _told(request: Request, how: Computed, state: State | None) -> Document:
    process = link(links.api(request, "processes", how.process), "process", JSON)
    if state is None:
        return {"process": how.process, "state": "never", "links": [process]}
    return {
        "process": how.process,
        "state": "stale" if state.stale else "current",
        "computed_at": state.computed_at,
        "network_version": state.network_version,
        "network_now": state.network_now,
        "rule_versions": list(state.rule_versions),
        "made_of": list(state.made_of),
        "rows": state.rows,
        "run": str(state.run),
        "links": [process],
    }
