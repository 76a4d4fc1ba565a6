"""Makes the sample province's template beside the tests that need none: `python -m`.

It serves it once, so that the next server finds the contraction orders and fonts that take a first
one longest, and keeps the run's cluster running until it is ended.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from spatial.postgres.cluster import Cluster
from tests.harness import HOME_VARIABLE, Databases, running_server


def main() -> None:
    """Make it, then wait for the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Cluster(Path(os.environ[HOME_VARIABLE]), durable=False).running() as cluster:
        databases = Databases(cluster)
        with databases.fresh(databases.sample()) as url, running_server(url, workers=1):
            pass
        sys.stdin.read()


if __name__ == "__main__":
    main()
