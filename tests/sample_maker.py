"""Makes the sample province's template beside the tests that need none: `python -m`.

It keeps the run's cluster running until its input ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spatial.postgres.cluster import Cluster
from tests.harness import HOME_VARIABLE, Databases

if __name__ == "__main__":
    with Cluster(Path(os.environ[HOME_VARIABLE]), durable=False).running() as cluster:
        Databases(cluster).sample()
        sys.stdin.read()
