"""Fill a small disk under a private cluster, crash it, start it: run by test_cluster.

Runs in a mount namespace of its own, so that the small disk is nobody else's.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from spatial.errors import SetupError
from spatial.postgres import machine
from spatial.postgres.cluster import Cluster

SIZE_MB = 800


def fill(folder: Path, name: str, leave_bytes: int) -> None:
    with (folder / name).open("wb") as junk, contextlib.suppress(OSError):
        os.posix_fallocate(junk.fileno(), 0, machine.free_bytes(folder) - leave_bytes)


def count(cluster: Cluster) -> int:
    with psycopg.connect(cluster.url()) as conn:
        row = conn.execute("SELECT count(*) FROM kept").fetchone()
    return row[0] if row else 0


def main(folder: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    cluster = Cluster(folder / "home")
    with cluster.running():
        with psycopg.connect(cluster.url(), autocommit=True) as conn:
            conn.execute("CREATE TABLE kept AS SELECT generate_series(1, 100000) AS n")
            fill(folder, "junk", 16 * machine.MB)
            with contextlib.suppress(psycopg.errors.DiskFull):
                conn.execute(
                    "CREATE TABLE big AS SELECT repeat(md5(n::text), 100)"
                    " FROM generate_series(1, 100000) n"
                )
        fill(folder, "rest", 0)
        os.kill(cluster.pid() or 0, signal.SIGKILL)
        cluster.start()
        print("with the reserve:", count(cluster), flush=True)
        fill(folder, "more", 0)
        os.kill(cluster.pid() or 0, signal.SIGKILL)
        try:
            cluster.start()
        except SetupError as error:
            print("without:", error.en, flush=True)
        for name in ("junk", "rest", "more"):
            (folder / name).unlink(missing_ok=True)
        cluster.start()
        print("after freeing:", count(cluster), cluster.guard_disk(), flush=True)
    cluster.remove()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
