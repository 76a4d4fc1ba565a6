"""export: a layer into a file, through the server's own way, so that scope and audit hold."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import orjson
import uvicorn

from api.cli.claim import find_server
from api.cli.ground import Ground, ground, owner_connection
from api.cli.noted import note
from api.cli.progress import step
from spatial.errors import BadParameter, SetupError
from spatial.postgres.machine import MB
from spatial.settings import Settings

FORMATS = {
    ".csv": "csv",
    ".ed269": "ed269",
    ".ed318": "ed318",
    ".fgb": "fgb",
    ".geojson": "geojson",
    ".geojsonl": "jsonseq",
    ".geojsonseq": "jsonseq",
    ".gpkg": "gpkg",
    ".kml": "kml",
    ".openair": "openair",
    ".parquet": "parquet",
}
START_WAIT_S = 60


def export(settings: Settings, options: Namespace) -> int:
    """Write the features of a layer that an account may see into a file."""
    kind = FORMATS.get(options.file.suffix.lower())
    if kind is None:
        raise BadParameter(
            f"{options.file.name}: I write {', '.join(FORMATS)}.",
            f"{options.file.name}：可写出 {', '.join(FORMATS)}。",
        )
    query = {"f": kind} | ({"filter": options.filter} if options.filter else {})
    path = f"/api/collections/{quote(options.layer, safe='')}/items?{urlencode(query)}"
    with ground(settings) as base, _key(base, options.account) as key, serving(base) as url:
        headers = {"Authorization": f"Bearer {key}", "Sigang-Purpose": quote(options.purpose)}
        with step(f"exporting {options.layer}"):
            fetch(urllib.request.Request(url + path, headers=headers), options.file)  # noqa: S310
    print(f"{options.file}: {options.file.stat().st_size:,} bytes")
    return 0


def fetch(request: urllib.request.Request, file: Path) -> None:
    """Write an answer into a file, whole or not at all.

    Raises
    ------
    BadParameter
        The server refused; its words.
    """
    part = file.with_name(file.name + ".part")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as answer, part.open("wb") as out:
            shutil.copyfileobj(answer, out, MB)
        part.replace(file)
    except urllib.error.HTTPError as error:
        problem = orjson.loads(error.read() or b"{}")
        text = problem.get("detail") or problem.get("title") or str(error)
        raise BadParameter(text, mend_en=str(problem.get("mend", ""))) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _key(base: Ground, account: str) -> Iterator[str]:
    """Yield a key of the account that is revoked at the end."""
    from api.http.credential_store import make_key, token_hash

    with owner_connection(base) as conn:
        key = make_key(conn, account, "export", timedelta(hours=12))
    note(base, "token", account, detail={"kind": "key", "label": "export"})
    try:
        yield key
    finally:
        with owner_connection(base) as conn:
            conn.execute(
                "UPDATE sigang.credential SET revoked_at = now() WHERE hash = %s",
                [token_hash(key)],
            )


@contextmanager
def serving(base: Ground) -> Iterator[str]:
    """Yield the address of the running server, else of one in this process without routing."""
    running = find_server(base.settings.home)
    if running:
        yield running.url
        return
    from api.app import create_app

    settings = replace(base.settings, routing=False, host="127.0.0.1", port=0)
    bound = socket.create_server((settings.host, 0))
    config = uvicorn.Config(create_app(settings), log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    try:
        _wait_started(server, thread)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


def _wait_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_WAIT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise SetupError(
                f"The application does not start (process {os.getpid()}).",
                f"应用未能启动（进程 {os.getpid()}）。",
                mend_en="Run ./sigang doctor.",
                mend_zh="请运行 ./sigang doctor。",
            )
        time.sleep(0.02)
