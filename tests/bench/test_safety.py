"""The short form of two safety runs: kills under writes, and a stream that leaves and resumes."""

from __future__ import annotations

import pytest

from bench import safety_faults
from bench.safety_row import Stand
from tests.conftest import running_server

pytestmark = pytest.mark.db


def test_nothing_acknowledged_is_lost_or_done_twice(databases, sample):
    """Two kills of server processes under writes, then a stream that leaves and resumes."""
    with databases.fresh(sample) as url, running_server(url) as server:
        stand = Stand(server, databases.cluster)
        row = safety_faults.kills(stand, 2, database=False)
        assert row.held, row
        assert "0 lost, 0 twice" in row.figure
        row = safety_faults.stream(stand, 10, 3)
        assert row.held, row
