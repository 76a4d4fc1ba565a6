"""The servers that are measured: each in its own environment, on loopback, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("SIGANG_HOME", ROOT / ".sigang")) / "bench"
WORKERS = 2
POOL = 8
PG_BIN = Path("/usr/lib/postgresql/15/bin")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(name: str) -> Path:
    """Return the virtual environment of a peer, made from its hashed lock the first time."""
    folder = STATE / f"venv-{name}"
    done = folder / "done"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        lock = ROOT / "requirements" / f"bench-{name}.txt"
        subprocess.run(
            [folder / "bin/pip", "install", "-q", "--require-hashes", "-r", lock], check=True
        )
        done.touch()
    return folder / "bin"


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[int]:
    """Run a PostgreSQL on loopback for one benchmark and yield its port; rows are kept."""
    port, data = free_port(), folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    prefix = who if os.geteuid() == 0 else []
    if prefix:
        shutil.chown(folder, "postgres", "postgres")
    if not (data / "PG_VERSION").exists():
        init = ["-D", data, "-U", "sigang", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"]
        subprocess.run(
            [*prefix, PG_BIN / "initdb", *init], check=True, capture_output=True, cwd="/"
        )
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c shared_buffers=1GB -c jit=off"
        " -c max_parallel_workers_per_gather=0 -c max_wal_size=8GB -c effective_cache_size=8GB"
        " -c random_page_cost=1.1 -c synchronous_commit=off"
    )
    control = [*prefix, PG_BIN / "pg_ctl", "-D", data, "-w"]
    subprocess.run(
        [*control, "-o", options, "-l", folder / "log", "start"], check=True, cwd="/",
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=True, cwd="/", capture_output=True)


@contextlib.contextmanager
def running(
    command: list[str], env: dict[str, str], health: str, log: Path, *, wait_s: int = 60
) -> Iterator[int]:
    """Run a server until the block ends; yield its process id once `health` answers."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **env}, stdout=out, stderr=out, cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait(process, health, log, wait_s)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], health: str, log: Path, wait_s: int) -> None:
    for _ in range(10 * wait_s):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended, see {log}:\n{log.read_text()[-2000:]}")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(health, timeout=5).read()
            return
        time.sleep(0.1)
    raise RuntimeError(f"no answer from {health}, see {log}")


@contextlib.contextmanager
def sigang(url: str, *, cache_mb: int) -> Iterator[tuple[str, int]]:
    """Run Sigang without routing on the benchmark's two layers."""
    port = free_port()
    env = {
        "SIGANG_DATABASE_URL": url, "SIGANG_HOME": str(STATE / "home"),
        "SIGANG_AREAS": str(ROOT / "bench" / "areas"), "SIGANG_ROUTING": "0",
        "SIGANG_TILE_CACHE_MB": str(cache_mb), "SIGANG_POOL_SIZE": str(POOL),
        "SIGANG_LOG_LEVEL": "warning",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--port", str(port),
        "--workers", str(WORKERS), "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    with running(command, env, f"{base}/healthz", STATE / "sigang.log") as pid:
        yield base, pid


@contextlib.contextmanager
def tipg(url: str) -> Iterator[tuple[str, int]]:
    """Run tipg as its documentation says: uvicorn with uvloop and httptools, its own gzip."""
    port = free_port()
    env = {
        "DATABASE_URL": url, "TIPG_DB_SCHEMAS": '["bench"]', "DB_MIN_CONN_SIZE": "1",
        "DB_MAX_CONN_SIZE": str(POOL), "TIPG_CATALOG_TTL": "100000",
        "TIPG_MAX_FEATURES_PER_QUERY": "10000",
    }  # fmt: skip
    command = [
        str(environment("tipg") / "uvicorn"), "tipg.main:app", "--port", str(port),
        "--workers", str(WORKERS), "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    with running(command, env, f"{base}/healthz", STATE / "tipg.log") as pid:
        yield base, pid


PYGEOAPI = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  gzip: true
  languages: [en-US]
  limits: {{default_items: 10, max_items: 10000}}
  map: {{url: 'http://127.0.0.1/none', attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: bench, description: bench, keywords: [b], keywords_type: theme,
    terms_of_service: none, url: http://127.0.0.1}}
  license: {{name: none, url: http://127.0.0.1}}
  provider: {{name: bench, url: http://127.0.0.1}}
  contact: {{name: bench}}
resources:
  roads:
    type: collection
    title: roads
    description: roads
    keywords: [roads]
    extents: {{spatial: {{bbox: [118, 27, 123, 32], crs: 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'}}}}
    providers:
      - &db
        type: feature
        name: PostgreSQL
        data: {{host: 127.0.0.1, port: {pg_port}, dbname: bench, user: sigang, password: none,
          search_path: [bench]}}
        id_field: id
        table: roads
        geom_field: geom
        properties: [class, ref, name]
      - <<: *db
        type: tile
        name: MVT-postgresql
        options: {{zoom: {{min: 0, max: 16}}}}
        format: {{name: pbf, mimetype: application/vnd.mapbox-vector-tile}}
"""


@contextlib.contextmanager
def pygeoapi(pg_port: int) -> Iterator[tuple[str, int]]:
    """Run pygeoapi under gunicorn with threads, as its documentation says."""
    port, programs = free_port(), environment("pygeoapi")
    config, openapi = STATE / "pygeoapi.yml", STATE / "pygeoapi-openapi.yml"
    config.write_text(PYGEOAPI.format(port=port, pg_port=pg_port))
    env = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    made = subprocess.run(
        [programs / "pygeoapi", "openapi", "generate", config, "--output-file", openapi],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(made.stderr[-2000:])
    command = [
        str(programs / "gunicorn"), "pygeoapi.flask_app:APP", "-b", f"127.0.0.1:{port}",
        "-w", str(WORKERS), "--threads", "4", "--log-level", "error",
    ]  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    with running(command, env, f"{base}/conformance", STATE / "pygeoapi.log") as pid:
        yield base, pid
