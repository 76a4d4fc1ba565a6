"""Schemathesis on the server's own definition: whatever is sent, no answer is a 5xx."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.network.rule_models import load_rules
from data.accounts import load_accounts
from spatial.postgres.db import connect
from tests.conftest import running_server
from tests.layers.small import seed, write_areas

pytestmark = pytest.mark.db

EXAMPLES = 30
NEVER_ENDING = {"/api/stream"}
CHANGES_THE_TEST = {"/api/session/end"}


@pytest.fixture(scope="module")
def served(module_database_url, tmp_path_factory):
    with connect(module_database_url) as conn:
        seed(conn)
        load_accounts(conn)
        load_rules(conn)
        conn.commit()
    areas = write_areas(tmp_path_factory.mktemp("areas"))
    with running_server(module_database_url, workers=1, areas=str(areas)) as server:
        yield server


def operations(base_url: str):
    document = httpx.get(f"{base_url}/api/openapi.json", trust_env=False).json()
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in NEVER_ENDING | CHANGES_THE_TEST:
            yield operation


def sent(client: httpx.Client, case) -> httpx.Response:
    given = case.as_transport_kwargs(base_url=str(client.base_url))
    given.pop("cookies", None)
    return client.request(**given)


@pytest.mark.parametrize("account", [None, "dispatcher"])
def test_no_operation_answers_5xx(served, account):
    client = served.client(account)
    tried = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(data=st.data())
    def one(data):
        nonlocal tried
        case = data.draw(strategy)
        answer = sent(client, case)
        tried += 1
        assert answer.status_code < 500, (case.method, str(answer.url), answer.text[:400])
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"

    for operation in operations(served.base_url):
        strategy = operation.as_strategy()
        one()
    assert tried > 200
