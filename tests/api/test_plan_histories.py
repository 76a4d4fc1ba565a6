"""Plans filed by many processes while workers are killed and sockets cut: recorded, then judged.

The bench does the same with the database killed, too, and more of everything.
"""

import os
import signal
import threading

import psutil
import pytest

from bench.airspace_checker import faults
from bench.airspace_clients import run
from spatial.postgres.db import connect

pytestmark = pytest.mark.db
CLIENTS, PLANS = 8, 3


@pytest.mark.parametrize("seed", [1, 2])
def test_no_airspace_is_given_twice_and_no_plan_is_lost(served, seed):
    with connect(served.database_url) as conn:
        conn.execute("DELETE FROM utm_entity")
    wait = run(seed, CLIENTS, PLANS, served.base_url, served.key("dispatcher"))
    killed = threading.Timer(0.4, kill_worker, [served.pid])
    killed.start()
    history = wait()
    killed.join()
    with connect(served.database_url) as conn:
        stands = [str(row[0]) for row in conn.execute("SELECT id FROM utm_entity")]
    assert faults(history, stands) == []
    assert all(line["status"] in (201, 409) for line in history)
    assert len(history) == CLIENTS * PLANS
    assert len(stands) > 3


def kill_worker(pid):
    supervisor = psutil.Process(pid).children()[0]
    os.kill(supervisor.children()[0].pid, signal.SIGKILL)
