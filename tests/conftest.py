"""Fixtures: databases, the sample province, a running server.

Nothing here touches the developer's own state: the run has a cluster of its own, shared by
pytest-xdist's workers. `from tests.conftest import shared_path, program` in tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from spatial.postgres.cluster import Cluster
from spatial.postgres.db import connect
from tests.harness import (
    ANCHOR,
    HOME_VARIABLE,
    ROOT,
    Databases,
    Server,
    free_port,
    make_home,
    plain_pages,
    program,
    remove_home,
    running_server,
    sample_made_beside,
    shared_path,
)

_beside = ExitStack()
"""What other processes do beside the tests, until these have ended."""

__all__ = ["ANCHOR", "ROOT", "Server", "free_port", "program", "running_server", "shared_path"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder once, in the controller; workers find it in their environment."""
    if not hasattr(config, "workerinput"):
        os.environ[HOME_VARIABLE] = str(make_home())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the run's folder."""
    if not hasattr(config, "workerinput"):
        _beside.close()
        remove_home(Path(os.environ.pop(HOME_VARIABLE)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files that need no cluster first and those that need the sample province last."""
    needs: dict[Path, int] = {}
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        cluster = "databases" in fixtures or item.get_closest_marker("db") is not None
        need = cluster + ("sample" in fixtures)
        needs[item.path] = max(need, needs.get(item.path, 0))
    items.sort(key=lambda item: needs[item.path])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to make the sample province, which takes a minute, while other tests run."""
    wanted = any("sample" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and not session.config.option.collectonly:
        _beside.enter_context(sample_made_beside())


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Yield the run's databases; the cluster starts with the first test that needs it."""
    with Cluster(Path(os.environ[HOME_VARIABLE]), durable=False).running() as cluster:
        yield Databases(cluster)


@pytest.fixture(scope="session")
def migrated(databases: Databases) -> str:
    """Return the name of the template with this version's schema and no rows."""
    return databases.migrated()


@pytest.fixture(scope="session")
def sample(databases: Databases) -> str:
    """Return the name of the template with the frozen sample province."""
    return databases.sample()


@pytest.fixture
def database_url(databases: Databases, migrated: str) -> Iterator[str]:
    """Yield the owner's URL of an empty migrated database of the test's own."""
    with databases.fresh(migrated) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(databases: Databases, migrated: str) -> Iterator[str]:
    """Yield the owner's URL of a migrated database that the tests of a module share."""
    with databases.fresh(migrated) as url:
        yield url


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection]:
    """Yield an owner's connection to an empty migrated database of the test's own."""
    with connect(database_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def sample_url(databases: Databases, sample: str) -> Iterator[str]:
    """Yield the owner's URL of a sample province that tests only read."""
    with databases.fresh(sample) as url:
        yield url


@pytest.fixture(scope="module")
def module_sample_url(databases: Databases, sample: str) -> Iterator[str]:
    """Yield the owner's URL of a sample province that the tests of a module may change."""
    with databases.fresh(sample) as url:
        yield url


@pytest.fixture(scope="session")
def neighbour() -> Iterator[str]:
    """Yield the origin of another site's plain pages, which `server` lets write with a key."""
    with plain_pages() as origin:
        yield origin


@pytest.fixture(scope="session")
def server(databases: Databases, sample: str, neighbour: str) -> Iterator[Server]:
    """Yield a server of two workers over a sample province; tests undo what they change."""
    with databases.fresh(sample) as url, running_server(url, cors_origins=neighbour) as running:
        yield running


@pytest.fixture(scope="module")
def module_server(module_sample_url: str) -> Iterator[Server]:
    """Yield a server over a sample province of the module's own, for tests that change it."""
    with running_server(module_sample_url) as running:
        yield running
