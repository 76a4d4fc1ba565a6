"""No route, tile, export or legend says that flight is allowed where something is unknown.

Routes come from the application's own table, layers and scenarios from the airport area's files: a
new one is walked without an edit here, and one that needs a value nobody gave fails by name.
"""

from __future__ import annotations

import inspect
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta

import httpx
import pyarrow.parquet as pq
import pytest

from api.app import ROUTES
from api.http.media_types import MEDIA_TYPES
from api.http.routes import Registered
from layers.features.zone_export import MEDIA_TYPES as ZONE_TYPES
from routing.airspace.pack_reader import Pack
from routing.airspace.verdict import NAMES
from spatial.postgres.db import connect
from tests.api.roadworld import LAT, LON
from tests.api.test_airspace import AT, air, restriction  # noqa: F401
from tests.api.utmworld import Uss
from tests.conftest import ANCHOR, ROOT
from tests.mvt import decode_tile, tile_of

AREA = ROOT / "layers" / "areas" / "airport"
LAYERS = sorted(file.name.removesuffix(".layer.toml") for file in AREA.glob("*.layer.toml"))
SCENARIOS = sorted(f.name.removesuffix(".scenario.toml") for f in AREA.glob("*.scenario.toml"))
PLACES = [(LON + 0.02, LAT + 0.02), (LON + 0.005, LAT + 0.005), (LON + 0.1, LAT + 0.02)]
"""Where all is known, where a zone speaks, and where a category of ground is unknown."""
ZONED = {"airspace", "controlled_ground", "airspace_restrictions"}
"""Layers whose rows are exported as zones too."""
NOT_OF_ROWS = ("/items", "/legend", "/coverage")
"""Asked for elsewhere, and what only layers that are computed by their address have."""
ZOOMS = range(5, 13)
TILEJSON = "tiles/WebMercatorQuad/tilejson"
Statuses = tuple[int, ...]
FREE, MILDER = "suitable", {"verdict", "mildest", "heaviest", "least", "most", "verdict_range"}
SAYS = re.compile(
    r"\b(?:allowed|permitted|permissible|unrestricted|(?:is|are) free|free to fly|flight is free"
    r"|cleared|(?:may|can) (?:fly|take off)|go ahead|green|ok to fly)\b"
    r"|可飞|可以(?:起?飞|飞行)|能飞|允许|准飞|准许|放行|许可飞行|[已获]许可",
    re.IGNORECASE,
)
"""Words by which a reader would take flight for allowed."""
DENIALS = (
    "不代表可飞", "不能说可以飞行", "不能确认可飞", "不说可飞", "我能飞吗", "怎样才能飞",
    "允许的时钟偏差", "never means that flight is allowed", "nobody can say that flight is allowed",
    "does not mean that flight is allowed",
)  # fmt: skip
"""Exact phrases that hold such a word and deny it, ask, or speak of something else."""
BOX = f"{LON - 0.02},{LAT - 0.02},{LON + 0.15},{LAT + 0.05}"
BEGIN, END = (AT + timedelta(minutes=30)).isoformat(), (AT + timedelta(minutes=40)).isoformat()
VALUES = {
    "height": "100", "datum": "AGL", "aircraft": "light", "task": "ordinary", "at": AT.isoformat(),
    "qnh_hpa": "1013", "bbox": BOX, "time": AT.isoformat(), "level": "4",
    "begin": AT.isoformat(), "end": (AT + timedelta(days=1)).isoformat(), "limit": "100",
    "until": (AT + timedelta(days=1)).isoformat(),
}  # fmt: skip
RENAMED = {"/flights": {"begin": "from", "end": "to"}, "/conflicts": {"begin": "from", "end": "to"}}
HEIGHT = {"value": 100, "datum": "AGL", "unit": "m"}
POINTS = [{"type": "Point", "coordinates": list(place)} for place in [*PLACES, (110.0, 40.0)]]
LINE = {"type": "LineString", "coordinates": [list(PLACES[0]), list(PLACES[2])]}
OWN_PARTS: dict[str, Callable[[dict[str, object]], bool]] = {
    "collections": lambda one: one["id"] in LAYERS,
    "rules": lambda one: str(one["key"]).startswith(("airspace.", "uas.")),
    "layers": lambda one: one.get("id") in LAYERS or one.get("source") in LAYERS,
    "scenarios": lambda one: one["id"] in SCENARIOS,
    "processes": lambda one: str(one["id"]).startswith("airspace"),
}
ABOUT = [
    "/api/catalogue", "/api/collections", "/api/styles", "/api/styles/dark", "/api/styles/light",
    "/api/scenarios", "/api/processes", "/api/processes/airspace-check", "/api/rules",
    "/api/indicators",
]  # fmt: skip


def spoken(node: object) -> Iterator[str]:
    """Yield all names and texts of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield str(name)
            yield from spoken(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from spoken(value)
    elif isinstance(node, str):
        yield node


def unknown_in(node: dict) -> bool:
    """Tell whether a part of an answer says that something is unknown."""
    ground = node.get("ground")
    if isinstance(ground, dict):
        return bool(ground.get("unknown")) or "unknown" in ground.values()
    return isinstance(ground, str) and ground != "known"


def freed(node: object) -> Iterator[str]:
    """Yield verdicts of the mildest kind that stand beside something unknown."""
    if isinstance(node, dict):
        if unknown_in(node) and FREE in spoken([node.get(name) for name in MILDER]):
            yield f"{FREE} beside unknown ground"
        for value in node.values():
            yield from freed(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from freed(value)


def claims(node: object) -> list[str]:
    """Return what in a document or text says, or may be read as, that flight is allowed."""
    found = list(freed(node))
    for text in spoken(node):
        plain = text
        for denial in DENIALS:
            plain = plain.replace(denial, " ")
        found += [plain[max(0, m.start() - 40) : m.end() + 40] for m in SAYS.finditer(plain)]
    return found


def opened(answer: httpx.Response) -> object:
    """Return what an answer says, whatever its format."""
    kind, body = answer.headers.get("content-type", ""), answer.content
    if "vector-tile" in kind:
        return decode_tile(body) if body else {}
    if "airspace-pack" in kind:
        key = httpx.get(answer.request.url.join("/api/reports/key"), trust_env=False).json()
        return Pack(body, key["keys"][-1]).facts
    if "parquet" in kind:
        return pq.read_table(io.BytesIO(body)).drop_columns(["geometry"]).to_pylist()
    if "html" in kind:
        return re.sub(r"<(script|style)\b(?![^>]*json).*?</\1>", " ", answer.text, flags=re.S)
    if "json" in kind and "seq" not in kind:
        return json.loads(body)
    return body.decode("utf-8", "ignore")


def reads(route: Registered, values: dict[str, str]) -> dict[str, str]:
    """Return a value for each parameter that a route reads and that has one."""
    names = {*(route.reads or ()), *inspect.signature(route.handler).parameters}
    new = RENAMED.get(route.path.removeprefix("/api/airspace"), {})
    return {new.get(name, name): values[name] for name in sorted(names & values.keys())}


def own_part(document: object) -> object:
    """Return what of a list of everything there is speaks of the air; other documents whole."""
    if not isinstance(document, dict):
        return document
    parts = dict(document)
    for name, own in OWN_PARTS.items():
        if isinstance(parts.get(name), list):
            parts[name] = [one for one in parts[name] if own(one)]
    return parts


def airspace_routes() -> list[Registered]:
    found = [one for routes in ROUTES for one in routes.registered]
    return [one for one in found if one.handler.__module__.startswith("api.airspace.")]


def volume() -> dict[str, object]:
    low, high = ({"value": m, "reference": "W84", "units": "M"} for m in (80.0, 120.0))
    circle = {"center": {"lng": PLACES[2][0], "lat": PLACES[2][1]},
              "radius": {"value": 50.0, "units": "M"}}  # fmt: skip
    return {
        "volume": {"outline_circle": circle, "altitude_lower": low, "altitude_upper": high},
        "time_start": {"value": BEGIN, "format": "RFC3339"},
        "time_end": {"value": END, "format": "RFC3339"},
    }


@pytest.fixture(scope="module")
def clients(air, planning) -> Iterator[dict[str, httpx.Client]]:  # noqa: F811
    accounts = {"anyone": None, "planner": "planner", "officer": "dispatcher"}
    with ExitStack() as stack:
        opened = {name: planning.client(one) for name, one in accounts.items()}
        for client in opened.values():
            stack.enter_context(closing(client))
            client.headers["Connection"] = "close"  # else one may be idle for too long
        yield opened


@pytest.fixture(scope="module")
def asked(clients) -> dict[str, dict]:
    """Return the answers of the doors that take a question, by door and number of the question."""
    found, questions = {}, []
    for n, geometry in enumerate([*POINTS, LINE]):
        body = {"geometry": geometry, "height": HEIGHT, "aircraft": "light", "at": AT.isoformat()}
        process = {"inputs": body, "response": "document"}
        questions += [("/api/airspace/check", n, body)]
        questions += [("/api/processes/airspace-check/execution", n, process)]
    lon, lat = zip(*PLACES, strict=True)
    columns = {**body, "points": {"lon": lon, "lat": lat}}
    del columns["geometry"]
    questions += [("/api/airspace/check", "columns", columns)]
    questions += [("/api/airspace/section", 0, {"geometry": LINE, "at": AT.isoformat()})]
    for door, n, body in questions:
        answer = clients["officer"].post(door, json=body)
        assert answer.status_code == 200, f"{door} {n}: {answer.text}"
        found[f"{door} {n}"] = answer.json()
    return found


@pytest.fixture(scope="module")
def made(clients, planning) -> Iterator[dict[str, dict]]:
    """Yield what the doors said that write: a plan that waits, and a restriction."""
    body = {"volumes": [volume()], "aircraft": "small", "task": "urgent", "visibility": "public"}
    plan = clients["planner"].post("/api/airspace/operations", json=body)
    assert plan.status_code == 202, plan.text
    drawn = clients["officer"].post("/api/airspace/restrictions", json=restriction())
    assert drawn.status_code == 201, drawn.text
    yield {"plan": plan.json(), "restriction": drawn.json()}
    clients["officer"].post(f"/api/airspace/restrictions/{drawn.json()['id']}/end")
    with connect(planning.database_url) as conn:
        conn.execute("DELETE FROM sigang.operation WHERE id = %s", [plan.json()["id"]])
        conn.commit()


def walk(
    client: httpx.Client,
    addresses: list[tuple[str, dict[str, str]]],
    good: tuple[int, ...] = (200,),
) -> None:
    """Ask for each address and say which answers are not as they should be."""
    wrong: dict[str, object] = {}
    for path, params in addresses:
        answer = client.get(path, params=params)
        if answer.status_code not in good:
            wrong[f"{path} {params}"] = answer.status_code, answer.text[:300]
        elif said := claims(own_part(opened(answer))):
            wrong[f"{path} {params}"] = said[:5]
    assert wrong == {}


@pytest.mark.db
def test_no_door_that_takes_a_question_says_that_flight_is_allowed(asked, made):
    answers = {**asked, **made}
    assert {name: said for name, one in answers.items() if (said := claims(one))} == {}
    assert asked["/api/airspace/check 0"]["verdict"] == FREE  # where all is known
    assert asked["/api/airspace/check 2"]["ground"]["unknown"]


@pytest.mark.db
@pytest.mark.parametrize("account", ["officer", "anyone"])
def test_no_route_of_the_air_says_that_flight_is_allowed(account, asked, made, clients):
    x, y = tile_of(*PLACES[0], 11)
    ids = {
        "answers": asked["/api/airspace/check 2"]["id"], "restrictions": made["restriction"]["id"],
        "operations": made["plan"]["id"],
    }  # fmt: skip
    addresses = addresses_of((11, x, y), ids)
    walk(clients[account], addresses, (200,) if account == "officer" else (200, 401, 403, 404))


def addresses_of(
    zxy: tuple[int, int, int], ids: dict[str, str], values: dict[str, str] | None = None
) -> list[tuple[str, dict[str, str]]]:
    """Return all that can be fetched of the air: a tile, things by id, questions by parameters."""
    routes = [one for one in airspace_routes() if one.method == "GET" and not one.own_tokens]
    assert len(routes) > 12
    z, x, y = zxy
    addresses = []
    for route in routes:
        known = {"z": z, "x": x, "y": y, **dict.fromkeys(
            ("number", "plan_id"), ids.get(route.path.split("/")[3]))}  # fmt: skip
        addresses.append((route.path.format_map(known), reads(route, values or VALUES)))
    return addresses


@pytest.mark.db
def test_the_sample_says_nowhere_that_flight_is_allowed(server):
    """The whole province, made up with categories that nobody knows: its own day, as an officer."""
    place, day = (120.2, 30.2), ANCHOR + timedelta(hours=10)
    values = VALUES | {
        "bbox": "120.1,30.1,120.4,30.35", "at": day.isoformat(), "time": day.isoformat(),
        "begin": day.isoformat(), "end": (day + timedelta(hours=12)).isoformat(),
        "until": (day + timedelta(hours=12)).isoformat(),
    }  # fmt: skip
    with closing(server.client("dispatcher")) as officer:
        body = {
            "geometry": {"type": "Point", "coordinates": list(place)}, "height": HEIGHT,
            "aircraft": "light", "at": day.isoformat(),
        }  # fmt: skip
        answer = officer.post("/api/airspace/check", json=body).json()
        assert answer["ground"]["unknown"]
        assert answer["verdict"] != FREE
        at = {"from": ANCHOR.isoformat(), "to": values["end"]}
        flights = officer.get("/api/airspace/flights", params=at).json()["flights"]
        drawn = officer.get("/api/airspace/restrictions", params={"at": day.isoformat()}).json()
        ids = {
            "answers": answer["id"], "operations": flights["id"][0],
            "restrictions": drawn["features"][0]["id"],
        }  # fmt: skip
        tile = (11, *tile_of(*place, 11))
        walk(officer, addresses_of(tile, ids, values))
        z, x, y = tile
        tiles = [f"/api/collections/{layer}/tiles/WebMercatorQuad/{z}/{y}/{x}"
                 for layer in with_tiles(officer)]  # fmt: skip
        items = [f"/api/collections/{layer}/items" for layer in LAYERS]
        walk(officer, [(path, {}) for path in tiles], (200, 204))
        walk(officer, [(path, {"limit": "300"}) for path in items])


@pytest.mark.db
def test_no_route_of_the_standard_says_that_flight_is_allowed(clients):
    uss = Uss(clients["anyone"])
    plan = uss.put([volume()])
    assert plan.status_code == 201, plan.text
    number = plan.json()["operational_intent_reference"]["id"]
    wrong = {"put": claims(plan.json())}
    routes = [one for one in airspace_routes() if one.own_tokens]
    assert len(routes) > 10
    for route in routes:
        body = {"area_of_interest": volume()} if route.method == "POST" else None
        if route.method in ("GET", "POST"):
            answer = uss.ask(route.method, re.sub(r"\{\w+\}", number, route.path), body)
            assert answer.status_code < 500, answer.text
            wrong[route.path] = claims(opened(answer))
    assert not any(wrong.values()), wrong


def with_tiles(client: httpx.Client) -> dict[str, int]:
    """Return the layers that have tiles, each with its first zoom."""
    answers = {one: client.get(f"/api/collections/{one}/{TILEJSON}") for one in LAYERS}
    return {one: got.json()["minzoom"] for one, got in answers.items() if got.status_code == 200}


@pytest.mark.db
def test_no_tile_says_that_flight_is_allowed(clients):
    tiles = [(z, *tile_of(*place, z)) for place in PLACES for z in ZOOMS]
    drawn = with_tiles(clients["officer"])
    assert set(drawn) > ZONED
    own = [
        (f"/api/collections/{layer}/tiles/WebMercatorQuad/{z}/{y}/{x}", {})
        for layer in drawn
        for z, x, y in sorted(set(tiles))
        if z >= drawn[layer]
    ]
    walk(clients["officer"], own, (200, 204))
    suitability = "/api/airspace/suitability/tiles/WebMercatorQuad"
    question = {name: VALUES[name] for name in ("height", "datum", "aircraft", "at")}
    walk(
        clients["officer"],
        [(f"{suitability}/{z}/{y}/{x}", question) for z, x, y in tiles if z >= 7],
    )


@pytest.mark.db
def test_no_export_says_that_flight_is_allowed(clients):
    addresses = [
        (f"/api/collections/{layer}/items", {"f": kind, "limit": "500"})
        for layer in LAYERS for kind in MEDIA_TYPES
    ]  # fmt: skip
    walk(clients["officer"], addresses)
    feeds = [(f"/api/collections/{layer}/items", {"f": kind})
             for layer in sorted(ZONED) for kind in ZONE_TYPES]  # fmt: skip
    walk(clients["officer"], feeds)


@pytest.mark.db
def test_no_description_style_or_legend_says_that_flight_is_allowed(clients):
    of_layer = [
        one.path.replace("{layer}", layer) for routes in ROUTES for one in routes.registered
        for layer in LAYERS
        if one.method == "GET" and one.path.startswith("/api/collections/{layer}")
        and "{" not in one.path.replace("{layer}", "")
    ]  # fmt: skip
    drawn = with_tiles(clients["officer"])
    bare = {f"/api/collections/{layer}" for layer in LAYERS if layer not in drawn}
    scenarios = [f"/api/scenarios/{name}{end}" for name in SCENARIOS for end in ("", "/example")]
    wanted = [
        (path, {"lang": lang})
        for path in [*of_layer, *scenarios]
        for lang in ("zh", "en")
        if not path.endswith(NOT_OF_ROWS) and f"{path}/".split("/tiles/")[0] not in bare
    ]
    walk(clients["officer"], wanted)
    walk(clients["officer"], [(path, {}) for path in ABOUT])


@pytest.mark.db
def test_no_enumeration_of_the_definitions_has_a_value_for_allowed(clients):
    found: list[list[object]] = []

    def look(node: object) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("enum"), list):
                found.append(node["enum"])
            for value in node.values():
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    for path in ("/api/openapi.json", "/api/processes/airspace-check"):
        look(clients["anyone"].get(path).json())
    assert len(found) > 50
    assert [one for one in found if claims(one)] == []
    assert claims(NAMES.tolist()) == []


@pytest.mark.parametrize(
    "planted",
    [{"verdict": "allowed"}, {"zones": [{"allowed": True}]}, {"note": {"zh": "此处可飞"}},
     {"verdict": "suitable", "ground": {"unknown": ["military"]}},
     {"cells": [{"ground": "part", "verdict": "mixed", "mildest": "suitable"}]},
     {"legend": [{"colour": "Green"}]}, "<p>Flight is permitted here.</p>",
     "verdict,name\npermitted,x\n", {"counties": [{"verdict_range": ["suitable"],
                                                 "ground": {"military": "unknown"}}]}],
)  # fmt: skip
def test_what_is_planted_is_found(planted):
    assert claims(planted)
    answer = httpx.Response(200, json=planted) if not isinstance(planted, str) else None
    assert answer is None or claims(opened(answer))


@pytest.mark.parametrize(
    "harmless",
    [{"verdict": "needs_approval", "ground": {"unknown": ["military"]}},
     {"verdict": "suitable", "ground": {"unknown": []}}, {"verdict": "suitable", "ground": "known"},
     *DENIALS],
)  # fmt: skip
def test_what_is_harmless_is_not(harmless):
    assert claims(harmless) == []
