"""The process that runs jobs: `python -m api.jobs.worker`, started by a server process.

It has a network of its own, loaded for the first job that needs one, so that long work never holds
up an answer, and runs one job after another: each line of standard input names one or calls the
running one off, each line of standard output tells how far it is or that it has ended. This process
ends with its server process.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from time import monotonic
from uuid import UUID

import asyncpg
import orjson

from api.http.notifications import Bus
from api.jobs import store
from api.network.kinds import First, NetworkOf, network_of
from api.network.rule_keeper import RuleKeeper
from api.network.service import Roads
from layers.computed.catalogue import read_computed
from layers.computed.store import Made, exchange
from layers.declare.base import Text
from layers.declare.catalog import Catalog
from layers.processes.registry import Processes, check_inputs, find_processes, get_process
from layers.processes.runtime.model import Dismissed, Sources
from layers.processes.runtime.run import Output, read_scene, run
from routing.query.network import RoadNetwork
from spatial.actor import Actor
from spatial.errors import SigangError
from spatial.json_types import Document
from spatial.postgres.db import Database
from spatial.settings import Settings

CONNECTIONS = 2
NICENESS = 10  # answers come before jobs
REPORT_EVERY_S = 0.25
PR_SET_PDEATHSIG = 1
COMPUTED = "computed"
"""Member of the request of a job that computes a layer: which."""
DONE = Text(zh="完成", en="Done")
_log = logging.getLogger("sigang.jobs")
_out = os.fdopen(os.dup(1), "wb")
"""Standard output as it was at the start; what libraries print goes to the log."""


@dataclass
class Report:
    """Tells how far the running job is; called by the thread of its work.

    The line is written by that thread itself: the event loop may wait long for libraries that keep
    the interpreter to themselves.
    """

    off: Event = field(default_factory=Event)
    told: tuple[float, Text] = (0.0, DONE)

    def __call__(self, share: float, message: Text) -> None:
        """Tell a share (0..1) and a message.

        Raises
        ------
        Dismissed
            The job was called off.
        """
        if self.off.is_set():
            raise Dismissed
        last, before = self.told
        if message is not before or monotonic() - last >= REPORT_EVERY_S:
            self.told = monotonic(), message
            _tell({"percent": min(99, int(100 * share)), "zh": message.zh, "en": message.en})


def _tell(line: Document) -> None:
    _out.write(orjson.dumps(line) + b"\n")
    _out.flush()


@dataclass(frozen=True)
class Ground:
    """What jobs run on."""

    db: Database
    catalog: Catalog
    processes: Processes
    network: NetworkOf


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Ground]:
    small = replace(settings, pool_size=CONNECTIONS)
    url = settings.database_url or ""
    async with AsyncExitStack() as stack:
        db = await Database.open(small, url)
        stack.push_async_callback(db.close)
        bus = Bus(url)
        await bus.start()
        stack.push_async_callback(bus.stop)
        rules = RuleKeeper(db, bus)
        await rules.start()
        stack.push_async_callback(rules.stop)
        networks = First(partial(Roads, small, db, bus, rules))
        stack.push_async_callback(networks.stop)
        yield Ground(
            db, Catalog.load(settings.areas, read_computed), find_processes(), network_of(networks)
        )


async def _run_job(ground: Ground, job_id: UUID, report: Report) -> None:
    """Run one job to its end and note how it ended."""
    async with store.runner(ground.db) as conn:
        row = await store.get(conn, job_id)
    try:
        outputs, version = await _outputs(ground, row, report)
    except Dismissed:
        return
    except Exception as error:
        await _fail(ground.db, job_id, error)
        return
    async with store.runner(ground.db) as conn:
        if await store.finish(conn, job_id, "successful", DONE, held=("running",)):
            if COMPUTED in row["request"]:
                await _keep_rows(ground, conn, row, outputs, version)
            else:
                await store.keep_outputs(conn, job_id, outputs)


async def _keep_rows(
    ground: Ground, conn: asyncpg.Connection, row: asyncpg.Record, outputs: Sequence[Output],
    version: int | None,
) -> None:  # fmt: skip
    """Put the features of a job in the place of the rows of its computed layer."""
    request = row["request"]
    layer = ground.catalog.part(read_computed).get(request[COMPUTED])
    if layer is None:  # it is declared no more
        return
    made = Made(request["digest"], request["rule_versions"], request["made_of"])
    features = next(one.features or () for one in outputs if one.name == layer.how.output)
    read = [orjson.loads(feature) for feature in features]
    await exchange(conn, layer, row["id"], made, version, read)


async def _outputs(
    ground: Ground, row: asyncpg.Record, report: Report
) -> tuple[list[Output], int | None]:
    """Run a job; return its outputs, and the version of the network before its work began."""
    actor = Actor(row["account_id"], row["role"], row["scope"], row["unit_id"])
    process = get_process(ground.processes, row["process"])
    inputs = check_inputs(process, row["request"]["inputs"])
    sources = Sources(ground.db, ground.catalog, actor, ground.network)
    scene = await read_scene(process, inputs, sources, report)
    networks = [one.version for one in scene.found.values() if isinstance(one, RoadNetwork)]
    return await asyncio.to_thread(run, process, inputs, scene), min(networks, default=None)


async def _fail(db: Database, job_id: UUID, error: Exception) -> None:
    ours = error if isinstance(error, SigangError) else None
    if ours is None:
        _log.error("job %s failed", job_id, exc_info=error)
        ours = SigangError("The process met an error of its own", "处理程序内部出错")
    message = Text(zh=ours.zh, en=ours.en)
    async with store.runner(db) as conn:
        await store.finish(
            conn, job_id, "failed", message, store.as_problem(ours), held=("running",)
        )


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def serve(settings: Settings) -> None:
    """Run jobs until standard input ends; then this process ends at once, whatever it does."""
    reader = await _lines()
    async with _opened(settings) as ground:
        report, running = Report(), None
        while line := await reader.readline():
            order = orjson.loads(line)
            if "run" in order:
                report = Report()
                running = asyncio.create_task(_one(ground, UUID(order["run"]), report))
            else:
                report.off.set()
        if running is not None and not running.done():
            os._exit(1)


async def _one(ground: Ground, job_id: UUID, report: Report) -> None:
    try:
        await _run_job(ground, job_id, report)
    except Exception:
        _log.exception("job %s cannot be noted", job_id)
        os._exit(1)
    _tell({"ended": str(job_id)})


def main() -> None:
    """Run jobs in this process."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    os.nice(NICENESS)
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s: %(name)s: %(message)s")
    asyncio.run(serve(Settings.from_env()))


if __name__ == "__main__":
    main()
