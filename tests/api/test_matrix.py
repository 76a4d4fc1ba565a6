"""Role × endpoint against SQL truth: nobody receives a row, count, box or tile beyond the scope."""

import csv
import io
import itertools
import math
from datetime import UTC, datetime

import pytest

from data.accounts import ACCOUNTS
from layers.declare.catalog import Catalog, may_read
from layers.published.publication import publish_due
from layers.published.store import LOCK
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import connect
from spatial.rule_store import read_stored
from spatial.rules import RuleBook
from spatial.settings import PROJECT
from tests.mvt import decode_tile

pytestmark = pytest.mark.db

ROLES = ["anonymous", "dispatcher", "ningbo", "wenzhou"]
ACTORS = {a[0]: Actor(a[0], a[3], a[4], a[5]) for a in ACCOUNTS} | {"anonymous": ANONYMOUS}
CATALOG = Catalog.load(PROJECT / "layers" / "areas")
TABLES = [
    layer for layer in CATALOG.layers.values()
    if layer.source.table and not layer.source.filter and layer.geometry.type != "none"
]  # fmt: skip


class Truth:
    """The rows of a layer as the owner reads them, without scope or row security."""

    def __init__(self, url):
        self._url, self._rows = url, {}

    def rows(self, layer):
        if layer.id not in self._rows:
            with connect(self._url) as conn:
                self._rows[layer.id] = conn.execute(
                    f"SELECT id::text, admin_code, visibility, unit_id, ST_XMin(g), ST_YMin(g),"
                    f" ST_XMax(g), ST_YMax(g) FROM (SELECT *, {layer.geometry.column} AS g"
                    f" FROM sigang.{layer.source.table}) t"
                    " WHERE cardinality(%s::text[]) = 0 OR kind = ANY (%s)",
                    [list(layer.source.kinds), list(layer.source.kinds)],
                ).fetchall()
        return self._rows[layer.id]

    def seen(self, layer, actor):
        return [row for row in self.rows(layer) if actor.sees(row[1], row[2], row[3])]

    def hidden(self, layer, actor):
        return [row for row in self.rows(layer) if not actor.sees(row[1], row[2], row[3])]


@pytest.fixture(scope="module")
def truth(server):
    """What there is once everything that is due is published, by the server or here."""
    now = datetime.now(UTC)
    with connect(server.database_url) as conn:
        rules = RuleBook.of(*read_stored(conn)).at(now)
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        publish_due(conn, rules, now)
    return Truth(server.database_url)


@pytest.mark.parametrize("layer", TABLES, ids=lambda layer: layer.id)
@pytest.mark.parametrize("role", ROLES)
def test_counts_equal_sql(role, layer, truth, clients):
    answer = clients[role].get(f"/api/collections/{layer.id}/count")
    if not may_read(layer, ACTORS[role]):
        assert answer.status_code == 404
        return
    assert answer.json()["count"] == len(truth.seen(layer, ACTORS[role]))


def mixed(truth):
    """Return the layers that hold rows of more than one visibility or admin unit, kept small."""
    return [
        layer for layer in TABLES
        if any(row[2] != "public" for row in truth.rows(layer)) and layer.access.export
    ]  # fmt: skip


def test_there_are_restricted_layers(truth):
    assert len(mixed(truth)) >= 3


@pytest.mark.parametrize("role", ROLES)
def test_items_exports_and_single_items(role, truth, clients):
    client, actor = clients[role], ACTORS[role]
    for layer in mixed(truth):
        at = f"/api/collections/{layer.id}/items"
        if not may_read(layer, actor):
            assert client.get(at).status_code == 404
            assert client.get(at, params={"f": "csv"}).status_code == 404
            continue
        expected = {row[0] for row in truth.seen(layer, actor)}
        page = client.get(at, params={"limit": 10000}).json()
        assert {str(f["id"]) for f in page["features"]} <= expected
        if len(expected) <= 10000:
            assert len(page["features"]) == len(expected)
        assert all("origin" in f["properties"] for f in page["features"])
        listed = set(layer.by_name) | {"origin"}
        assert all(set(f["properties"]) <= listed for f in page["features"])
        table = list(csv.DictReader(io.StringIO(client.get(at, params={"f": "csv"}).text)))
        assert len(table) == len(expected)
        for row in itertools.islice(truth.hidden(layer, actor), 5):
            assert client.get(f"{at}/{row[0]}").status_code == 404
        for row in itertools.islice(truth.seen(layer, actor), 2):
            assert client.get(f"{at}/{row[0]}").json()["id"] == row[0]


@pytest.mark.parametrize("role", ROLES)
def test_extents(role, truth, clients):
    for layer in mixed(truth):
        if not may_read(layer, ACTORS[role]):
            continue
        extent = clients[role].get(f"/api/collections/{layer.id}", params={"f": "json"}).json()
        boxes = [row[4:8] for row in truth.seen(layer, ACTORS[role]) if row[4] is not None]
        if not boxes:
            assert "spatial" not in extent["extent"]
            continue
        xs0, ys0, xs1, ys1 = zip(*boxes, strict=True)
        expected = [min(xs0), min(ys0), max(xs1), max(ys1)]
        given = extent["extent"]["spatial"]["bbox"][0]
        assert given == pytest.approx(expected, abs=1e-5)


def tile_of(lon, lat, zoom):
    n = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return int((lon + 180) / 360 * n), int(y)


def test_tiles_never_cross_users(truth, clients):
    """Each role asks the same tile in turn, twice: the second answers may come from the cache."""
    found = 0
    for layer in [x for x in mixed(truth) if x.tiles and x.geometry.type == "point"]:
        zoom = max(layer.tiles.detail, 12)
        wenzhou = [r for r in truth.hidden(layer, ACTORS["ningbo"]) if (r[1] or "")[:4] == "3303"]
        if not wenzhou:
            continue
        x, y = tile_of(wenzhou[0][4], wenzhou[0][5], zoom)
        inside = [r for r in truth.rows(layer) if tile_of(r[4], r[5], zoom) == (x, y)]
        for role in [*ROLES, *reversed(ROLES)]:
            answer = clients[role].get(
                f"/api/collections/{layer.id}/tiles/WebMercatorQuad/{zoom}/{y}/{x}"
            )
            if not may_read(layer, ACTORS[role]):
                assert answer.status_code == 404
                continue
            features = decode_tile(answer.content).get(layer.id, []) if answer.content else []
            ids = {f["properties"]["id"] for f in features if "id" in f["properties"]}
            assert ids <= {r[0] for r in truth.seen(layer, ACTORS[role])}
            assert {r[0] for r in inside if ACTORS[role].sees(*r[1:4])} <= ids
            assert "private" in answer.headers["cache-control"]
        found += 1
    assert found >= 1


def test_search_is_scoped(server, clients):
    with connect(server.database_url) as conn:
        entries = conn.execute(
            "SELECT layer, feature_id, coalesce(label_zh, label_en), admin_code, visibility,"
            " unit_id FROM sigang.search_entry WHERE visibility <> 'public' LIMIT 400"
        ).fetchall()
        public = conn.execute(
            "SELECT layer, feature_id, coalesce(label_zh, label_en), admin_code, visibility,"
            " unit_id FROM sigang.search_entry WHERE visibility = 'public' LIMIT 3"
        ).fetchall()
    chosen = [*entries[:: max(1, len(entries) // 12)], *public]
    for role, entry in itertools.product(ROLES, chosen):
        layer, feature, label, *row = entry
        answer = clients[role].get("/api/search", params={"q": label, "limit": 50}).json()
        hits = {(hit["layer"], hit["id"]) for hit in answer["results"]}
        if not ACTORS[role].sees(*row):
            assert (layer, feature) not in hits
        elif role == "dispatcher":
            assert (layer, feature) in hits


def test_a_bad_key_is_not_anonymous(server):
    client = server.client()
    answer = client.get("/api/collections", headers={"Authorization": "Bearer sg_wrong"})
    assert answer.status_code == 401
