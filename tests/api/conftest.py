"""Fixtures of the tests over HTTP: clients of a module's `server`; servers that modules share."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from data.accounts import load_accounts
from spatial.postgres.db import connect
from tests.api.ogcworld import ITEMS
from tests.api.roadworld import fill_bases, world
from tests.api.utmworld import write_keys
from tests.conftest import Server, running_server
from tests.harness import Databases
from tests.layers.small import seed, write_areas

COUNTIES = """
INSERT INTO sigang.zone (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  geom)
SELECT gen_random_uuid(), 'county', c.code, c.code, c.code, 'public', 'synthetic', 'world', z.geom
FROM sigang.zone z, (VALUES ('330400', '330482'), ('330200', '330282')) AS c (parent, code)
WHERE z.admin_code = c.parent"""


class Clients(dict[str, httpx.Client]):
    """Clients of a server by account, and `anonymous`; each is signed in when it is asked for."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def __missing__(self, account: str) -> httpx.Client:
        opened = self._server.client(None if account == "anonymous" else account)
        return self.setdefault(account, opened)


@pytest.fixture(scope="module")
def clients(server: Server) -> Iterator[Clients]:
    """Yield clients of the module's server."""
    opened = Clients(server)
    yield opened
    for client in opened.values():
        client.close()


@pytest.fixture(scope="module")
def client(clients: Clients) -> httpx.Client:
    """Return a client that is not signed in."""
    return clients["anonymous"]


@pytest.fixture(scope="module")
def dispatcher(clients: Clients) -> httpx.Client:
    """Return the provincial dispatcher's client."""
    return clients["dispatcher"]


@pytest.fixture(scope="module")
def planner(clients: Clients) -> httpx.Client:
    """Return the planner's client."""
    return clients["planner"]


@pytest.fixture(scope="session")
def roads(databases: Databases, migrated: str) -> Iterator[Server]:
    """Yield a server over the small province, for tests of paths; they undo what they change."""
    with databases.fresh(migrated) as url, world(url) as running:
        fill_bases(url)
        yield running


@pytest.fixture(scope="session")
def planning(
    databases: Databases, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Yield a server over the small province with counties, for the tests of processes."""
    keys = write_keys(tmp_path_factory.mktemp("utm"))
    with databases.fresh(migrated) as url, world(url, dss_keys=str(keys)) as running:
        with connect(url) as conn:
            conn.execute(COUNTIES)
        yield running


@pytest.fixture(scope="session")
def served(
    databases: Databases, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Yield a server over small layers without roads, for the tests of the OGC interfaces."""
    areas = write_areas(tmp_path_factory.mktemp("areas"))
    with databases.fresh(migrated) as url:
        with connect(url) as conn:
            seed(conn)
            load_accounts(conn)
            conn.commit()
        keys = write_keys(tmp_path_factory.mktemp("utm"))
        with running_server(url, areas=str(areas), routing="0", dss_keys=str(keys)) as running:
            yield running


@pytest.fixture(scope="session")
def api(served: Server) -> Iterator[httpx.Client]:
    """Yield a plain client of the OGC interfaces."""
    kept = httpx.Limits(keepalive_expiry=1)
    with httpx.Client(base_url=served.base_url, timeout=60, trust_env=False, limits=kept) as plain:
        yield plain


@pytest.fixture(scope="session")
def definition(api: httpx.Client) -> dict:
    """Return the server's OpenAPI document."""
    return api.get("/api/openapi.json").json()


@pytest.fixture(scope="session")
def feature(api: httpx.Client) -> dict:
    """Return one feature of the ports."""
    return api.get(ITEMS, params={"limit": 1}).json()["features"][0]


@pytest.fixture
def audit_url(module_database_url: str) -> str:
    """Return a database of the module whose audit has no lines."""
    with connect(module_database_url) as conn:
        conn.execute("TRUNCATE audit, audit_anchor")
    return module_database_url


@pytest.fixture
def accounts(conn: psycopg.Connection) -> psycopg.Connection:
    """Return a connection to a database of the test's own with the accounts."""
    load_accounts(conn)
    conn.commit()
    return conn
