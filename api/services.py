"""What one serving process holds: made at its start, closed at its end, found on the app state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from starlette.requests import Request

from api.audit.audit import Audit
from api.audit.month_store import tidy
from api.http.auth import Authenticator
from api.http.gauges import Gauges
from api.http.notifications import Bus
from api.jobs.computed import ComputedKeeper
from api.jobs.freezing import Freezer
from api.jobs.publishing import Publisher
from api.jobs.runner import JobRunner
from api.network.key_rows import Key
from api.network.kinds import Networks
from api.network.rule_keeper import RuleKeeper
from api.network.service import Roads
from api.network.timetables import Timetables
from layers.computed.catalogue import read_computed
from layers.declare.catalog import Catalog, check_names
from layers.features.search import Search
from layers.features.spool import Spools
from layers.features.summary import Summaries
from layers.functions.catalogue import read_functions
from layers.functions.county_rows import CountyKeeper
from layers.functions.service import FunctionService
from layers.heat.cubes import Cubes
from layers.heat.filters import Filters
from layers.indicators.catalog import read_indicators
from layers.indicators.service import IndicatorService
from layers.processes.registry import Processes
from layers.reports.catalogue import read_reports
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.plan import read_plan
from layers.tiles.service import TileService
from spatial.errors import SetupError
from spatial.networks.road import KIND as ROAD
from spatial.postgres.db import Database
from spatial.settings import Settings


class Started(Protocol):
    """A service that starts and stops with its process."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""


S = TypeVar("S", bound=Started)


@dataclass(slots=True)
class Services:
    """Everything that the routes share."""

    settings: Settings
    db: Database
    auth: Authenticator
    audit: Audit
    catalog: Catalog
    processes: Processes
    bus: Bus
    rules: RuleKeeper
    search: Search
    summaries: Summaries
    spools: Spools
    tiles: TileService
    functions: FunctionService
    indicators: IndicatorService
    freezer: Freezer
    networks: Networks | None
    timetables: Timetables

    @property
    def roads(self) -> Roads | None:
        """The network of roads."""
        return None if self.networks is None else self.networks.of(ROAD.name)


@dataclass
class Handed:
    """What the first processes of a server are handed, read before they began.

    A process that takes another one's place finds it forgotten, and reads for itself.
    """

    keys: dict[str, Key] = field(default_factory=dict)
    """What is committed of each network."""
    catalog: Catalog | None = None

    def forget(self) -> None:
        """Leave later processes to read."""
        self.keys, self.catalog = {}, None


@asynccontextmanager
async def open_services(
    settings: Settings, gauges: Gauges, processes: Processes, handed: Handed
) -> AsyncIterator[Services]:
    """Open the services of a process, each showing its numbers, and close them in reverse order.

    Raises
    ------
    SetupError
        No database is named, or it does not answer.
    ConfigError
        A declaration is wrong; names file and key.
    """
    url = _database_url(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        db = await Database.open(settings, url)
        stack.push_async_callback(db.close)
        _show_pool(db, gauges)
        audit = await _started(stack, Audit(db, settings.home, partial(tidy, url)))
        audit.show(gauges)
        bus = await _started(stack, Bus(url))
        rules = await _started(stack, RuleKeeper(db, bus, gauges))
        catalog = handed.catalog or load_catalog(settings.areas)
        auth, search = _following(bus, Authenticator(db, settings), Search(db))
        summaries, spools = Summaries(db, bus), Spools(settings.home)
        gauges.add("export_kept_bytes", "Exports on disk until they are read.", lambda: spools.kept)
        tiles = await _started(stack, TileService(db, catalog, bus, settings))
        _show_tiles(tiles, gauges)
        functions = _functions(db, catalog, await _started(stack, Cubes(db, url)), rules, gauges)
        networks = _networks(settings, db, bus, rules, handed.keys) if settings.routing else None
        if networks is not None:
            networks.show(gauges)
            for one in (networks, *_jobs(settings, db, bus, catalog, rules)):
                await _started(stack, one)
        numbers = await _started(stack, IndicatorService(db, catalog, bus, rules.of_fact, url))
        freezer = await _started(stack, Freezer(settings, db, catalog, rules))
        yield Services(
            settings, db, auth, audit, catalog, processes, bus, rules, search, summaries, spools,
            tiles, functions, numbers, freezer, networks, Timetables(db, settings.home),
        )  # fmt: skip


def _following(bus: Bus, auth: Authenticator, search: Search) -> tuple[Authenticator, Search]:
    """Return both as they forget what changed."""
    bus.subscribe("session", auth.forget)
    bus.subscribe("network", lambda _: search.forget_stakes())
    return auth, search


def _networks(
    settings: Settings, db: Database, bus: Bus, rules: RuleKeeper, keys: Mapping[str, Key]
) -> Networks:
    """Return the networks of a process; what is known of one is not read again at its start."""
    return Networks(lambda kind: Roads(settings, db, bus, rules, kind, known=keys.get(kind.name)))


def _jobs(
    settings: Settings, db: Database, bus: Bus, catalog: Catalog, rules: RuleKeeper
) -> tuple[Started, ...]:
    """Return what runs jobs, what adds those of computed layers, and what publishes counts."""
    url = _database_url(settings)
    keeper = ComputedKeeper(url, catalog, bus, rules)
    return JobRunner(settings, db, bus), keeper, Publisher(url, rules)


def load_catalog(folder: Path) -> Catalog:
    """Read all that is declared below a folder of areas.

    Raises
    ------
    ConfigError
        A declaration is wrong; names file and key.
    """
    return Catalog.load(
        folder, read_indicators, read_plan, read_scenarios, read_computed, read_reports,
        read_functions, check_names,
    )  # fmt: skip


def _functions(
    db: Database, catalog: Catalog, cubes: Cubes, rules: RuleKeeper, gauges: Gauges
) -> FunctionService:
    gauges.add("heat_held_bytes", "Cubes of heat in memory.", lambda: cubes.nbytes)
    return FunctionService(cubes, Filters(db, catalog), lambda: rules.current, CountyKeeper(db))


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise SetupError(
            "SIGANG_DATABASE_URL is not set",
            "未设置 SIGANG_DATABASE_URL",
            mend_en="Start the server with ./sigang up, which sets it for its own cluster.",
            mend_zh="请用 ./sigang up 启动，它会为自带数据库设置该变量。",
        )
    return settings.database_url


def _show_pool(db: Database, gauges: Gauges) -> None:
    gauges.add("pool_open_connections", "Public connections open.", lambda: db.public.open)
    gauges.add("pool_idle_connections", "Public connections unused.", lambda: db.public.idle)


def _show_tiles(tiles: TileService, gauges: Gauges) -> None:
    for name, text, read in (
        ("lag_seconds", "Age of the oldest change that no tile shows.", lambda s: s.lag_s),
        ("aside_layers", "Layers of which tiles are set aside.", lambda s: s.layers),
        ("aside_rows", "Rows that no tile can draw.", lambda s: s.rows),
        (
            "unreadable_layers",
            "Layers that the database does not bear out.",
            lambda s: len(s.unreadable),
        ),
        ("aside_seconds", "Age of what was set aside first.", lambda s: s.oldest_s),
    ):
        gauges.add(f"tiles_{name}", text, lambda read=read: read(tiles.standing))  # type: ignore[misc]
    gauges.add(
        "tiles_refused_total", "Tiles refused because too many waited.",
        lambda: tiles.gate.refused, "counter",
    )  # fmt: skip


async def _started(stack: AsyncExitStack, service: S) -> S:
    await service.start()
    stack.push_async_callback(service.stop)
    return service


def services(request: Request) -> Services:
    """Return the services of the process that answers a request."""
    found: object = request.app.state.services
    assert isinstance(found, Services)  # noqa: S101
    return found
