"""A network of one serving process: loaded, kept current, asked off the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from weakref import WeakSet

import asyncpg

from api.http.gauges import Gauges
from api.http.notifications import RECONNECTED, Bus
from api.network.admin_units import Areas
from api.network.build import Builder
from api.network.key_rows import Key
from api.network.limit_rows import read_limits
from api.network.rows import (
    VERSION_NOW,
    Live,
    make_states,
    make_structures,
    make_weeks,
    read_changes,
    read_live,
)
from api.network.rule_keeper import RuleKeeper
from routing.cch.engine import Topology
from routing.cost.profile import Profile, load_profiles, usable_profiles
from routing.index.mapped_store import open_graph
from routing.query.network import RoadNetwork
from routing.query.renewal import under_rules
from routing.waterway.limits import LimitRows
from routing.waterway.vessel import makes_limits
from spatial.errors import ConfigError, NoSnap, RuleMissing, SetupError, SigangError, StaleVersion
from spatial.networks.model import NetworkKind, Traffic
from spatial.postgres.db import Database
from spatial.rules import RuleSet
from spatial.settings import Settings

THREADS = 2
OTHER_TIMES = 2  # networks kept under the rules of other times
ROUNDS = 3
"""Rounds of the event loop in which an answer is written, the next question read, and begun."""
_log = logging.getLogger(__name__)
PAUSES_S = 1.0, 60.0  # after a load that failed: the first, the longest
T = TypeVar("T")


@dataclass(frozen=True)
class _Held:
    """A network and the topology counter of the rows that it was built from."""

    topology: int
    network: RoadNetwork | None
    reason: SigangError | None = None
    others: dict[str, RoadNetwork] = field(default_factory=dict)
    """The network under rules of other times, by what stands for them."""


class Committed:
    """Reads what is committed; all who ask while a read is under way share the one after it."""

    def __init__(self, db: Database, kind: NetworkKind) -> None:
        self._db = db
        self._kind = kind
        self._asked: list[asyncio.Future[asyncpg.Record]] = []
        self._reading: asyncio.Task[None] | None = None

    def get(self) -> asyncio.Future[asyncpg.Record]:
        """Return version and topology as a read finds them that begins after this call."""
        asked: asyncio.Future[asyncpg.Record] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return asked

    async def _read(self) -> None:
        """Read until nobody asks any more.

        Before the next read those who got an answer use it, and ask again: they share that read.
        """
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                await self._settle(asked)
                for _ in range(ROUNDS):
                    await asyncio.sleep(0)
        finally:
            self._reading = None

    async def _settle(self, asked: Sequence[asyncio.Future[asyncpg.Record]]) -> None:
        try:
            row = await self._db.urgent.fetchrow(VERSION_NOW, self._kind.name)
        except Exception as error:  # whatever it is, those who asked get it
            for one in asked:
                if not one.done():
                    one.set_exception(error)
            return
        except asyncio.CancelledError:
            for one in asked:
                one.cancel()
            raise
        for one in asked:
            if not one.done():
                one.set_result(row)


class Roads:
    """Answers on the network as the database has it when the question comes."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        bus: Bus,
        rules: RuleKeeper,
        kind: NetworkKind,
        traffic: Traffic | None = None,
        known: Key | None = None,
    ) -> None:
        self._settings = settings
        self.kind = kind
        self._traffic = traffic or kind.traffic
        self._builder = Builder(settings, db, kind, self._traffic, known)
        self.areas = Areas(db)
        self._db = db
        self._bus = bus
        self._rules = rules
        self.warm: Callable[[RoadNetwork, RoadNetwork], None] = lambda old, new: None
        """Makes what answers need of a network, as they did of the one before."""
        self._committed = Committed(db, kind)
        self._threads = ThreadPoolExecutor(THREADS, "routing")
        self._applying = asyncio.Lock()
        self._held = _Held(-1, None)
        self._loading: asyncio.Task[None] | None = None
        self._active: Roads | None = None
        self._opening = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._unfollow: Callable[[], None] = lambda: None
        self._alive: WeakSet[Topology] = WeakSet()
        declared = load_profiles(kind).values()
        self._active_profiles = {one.id for one in declared if one.group == "active"}
        self._wanted = -1  # topology that the last reload was begun for
        self._loaded_s = 0.0

    async def start(self) -> None:
        """Load the network; a database without its edges is served without.

        Raises
        ------
        SetupError
            It cannot be built.
        """
        self._unfollow = self._rules.follow(self._prepare)
        await self._load(first=True)
        for kind in ("network", RECONNECTED):
            self._bus.subscribe(kind, lambda _: self._early())

    async def stop(self) -> None:
        """End a load that is under way, and the threads."""
        self._unfollow()
        if self._active:
            await self._active.stop()
        if self._loading:
            self._loading.cancel()
            with suppress(asyncio.CancelledError):
                await self._loading
        self._threads.shutdown(wait=False, cancel_futures=True)

    def show(self, gauges: Gauges, prefix: str = "") -> None:
        """Register the numbers that tell how far the served network is behind."""
        gauges.add(
            f"{prefix}network_topology_served", f"Loads of {self.kind.en}s that answers know of.",
            lambda: self._held.topology,
        )  # fmt: skip
        gauges.add(
            f"{prefix}network_topology_committed",
            f"Loads of {self.kind.en}s when the database was last asked.",
            lambda: max(self._wanted, self._held.topology),
        )  # fmt: skip
        gauges.add(
            f"{prefix}network_load_seconds",
            "Time of the last load, from noticing it to serving it.", lambda: self._loaded_s,
        )  # fmt: skip
        gauges.add(
            f"{prefix}networks_held",
            "Networks in memory; more than one while requests end on an old.",
            lambda: len(self._alive),
        )  # fmt: skip

    async def of_profile(self, profile: str) -> Roads:
        """Return the network that a profile moves on; that of foot and bicycle opens when asked."""
        if self._traffic.active or profile not in self._active_profiles:
            return self
        traffic = next((one for one in self.kind.traffics if one.active), None)
        if traffic is None:
            return self
        async with self._opening:
            if self._active is None:
                opened = Roads(self._settings, self._db, self._bus, self._rules, self.kind, traffic)
                opened.warm = self.warm
                await opened.start()
                self._active = opened
        return self._active

    async def ensure_current(self, at_least: int = 0) -> RoadNetwork:
        """Return the network with every change applied that is committed now.

        Raises
        ------
        StaleVersion
            The database itself has not reached the version asked for.
        NoSnap
            No edges of this kind are loaded.
        """
        row = await self._committed.get()
        if row["topology"] != self._held.topology:
            self._wanted = row["topology"]
            self._reload()
        if row["version"] < at_least:
            raise StaleVersion(
                f"The network is at version {row['version']}, not yet at {at_least}",
                f"路网版本为 {row['version']}，尚未到 {at_least}",
                mend_en="Ask for a version that an answer has named.",
                mend_zh="请使用已返回过的版本号。",
                network_version=row["version"],
            )
        network = self._held.network
        if network is None:
            raise self._held.reason or _not_loaded(self.kind)
        if network.version < row["version"]:
            await self._apply(network, row["version"])
        return network

    async def of_time(self, network: RoadNetwork, moment: datetime) -> RoadNetwork:
        """Return a network under the rules that count for what happens at a time."""
        rules = self._rules.of_fact(moment)
        if rules is self._rules.current or rules.digest == self._rules.current.digest:
            return network
        others = self._held.others
        async with self._renewing:
            if rules.digest not in others:
                while len(others) >= OTHER_TIMES:
                    others.pop(next(iter(others)))
                others[rules.digest] = await self.ask(lambda: self._under(network, rules))
        return others[rules.digest]

    async def _prepare(self, rules: RuleSet) -> Callable[[], None]:
        """Make the network under other rules; what is returned puts it in use."""
        held, network = self._held, self._held.network
        if network is None:
            return lambda: None
        made = replace(held, network=await self.ask(lambda: self._under(network, rules)), others={})

        def take() -> None:
            self._held = made

        return take

    def _under(self, network: RoadNetwork, rules: RuleSet) -> RoadNetwork:
        made = under_rules(network, rules, self._profiles(rules))
        self.warm(network, made)
        return made

    def _profiles(self, rules: RuleSet) -> dict[str, Profile]:
        return usable_profiles(load_profiles(self.kind), rules, active=self._traffic.active)

    async def _use(self, held: _Held) -> None:
        """Put a network in use that was built while rules may have changed."""
        async with self._rules.changing:
            network, rules = held.network, self._rules.current
            if network is not None and network.rules is not rules:
                built = network
                network = await self.ask(lambda: self._under(built, rules))
            self._held = replace(held, network=network)

    async def ask(self, question: Callable[[], T]) -> T:
        """Run a question on a network in a thread, so that the process goes on serving."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, question)

    async def _apply(self, network: RoadNetwork, wanted: int) -> None:
        async with self._applying:
            if network.version >= wanted:
                return
            async with self._db.public.acquire() as conn:
                limits = await read_limits(conn, self.kind)
                version, rows, removed = await read_changes(conn, self.kind, network.version)

            def take() -> None:
                if limits is not None:
                    network.take_limits(makes_limits(limits))
                states = make_states(network.graph, rows)
                network.apply(version, states, removed, datetime.now(UTC))

            await self.ask(take)

    async def _early(self) -> None:
        """Apply a change before anybody asks."""
        with suppress(SigangError):
            await self.ensure_current()

    def _reload(self) -> None:
        """Load the new topology beside the old one, which goes on serving."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Load until what is served is what is committed; loads in a row make few rounds."""
        pause = PAUSES_S[0]
        while True:
            try:
                await self._load()
                row = await self._committed.get()
                if row["topology"] == self._held.topology:
                    return
                pause = PAUSES_S[0]
            except Exception:  # whatever it is, the old one goes on serving
                _log.exception("the new %s network is not served yet", self.kind.name)
                await asyncio.sleep(pause)
                pause = min(2 * pause, PAUSES_S[1])

    async def _load(self, *, first: bool = False) -> None:
        begin = time.monotonic()
        key = await self._builder.built(here=first)
        if not key.edges:
            await self._use(_Held(key.topology, None))
            return
        async with self._db.public.acquire() as conn:
            limits = await read_limits(conn, self.kind)
            live = await read_live(conn, self.kind)
        try:
            made = await self.ask(lambda: self._make(key, live, limits, self._rules.current))
            await self._use(_Held(key.topology, made))
        except (ConfigError, RuleMissing) as error:
            if not first:
                raise
            _log.exception("the %s network cannot be used", self.kind.name)
            await self._use(_Held(key.topology, None, error))
            return
        self._alive.add(made.topology)
        self._loaded_s = time.monotonic() - begin
        _log.info("%s network: %d edges in %.1f s", self.kind.name, key.edges, self._loaded_s)

    def _make(self, key: Key, live: Live, limits: LimitRows | None, rules: RuleSet) -> RoadNetwork:
        """Map a kept network, and prepare it for the questions that come to the one before."""
        begin, folders = datetime.now(UTC), self._builder.folders
        found = open_graph(folders.place(key), self.kind)
        if found is None:
            raise SetupError(f"The {self.kind.en} network was deleted", "路网文件已被删除")
        graph, index = found
        structures = make_structures(graph, live.structures)
        topology = Topology.open(graph, folders.orders)
        network = RoadNetwork(graph, topology, self._profiles(rules), rules, structures, index)
        if limits is not None:
            network.take_limits(makes_limits(limits))
        network.measure(make_weeks(graph, live.weeks))
        network.apply(live.version, make_states(graph, live.states), [], begin)
        if self._held.network is not None:
            network.prepare_for(self._held.network, begin)
            self.warm(self._held.network, network)
        return network


def _not_loaded(kind: NetworkKind) -> NoSnap:
    return NoSnap(
        f"No {kind.en} network is loaded",
        f"尚未加载{kind.zh}网络",
        mend_en="Load one: ./sigang load sample, or ./sigang load osm FILE.osm.pbf.",
        mend_zh="请加载：./sigang load sample 或 ./sigang load osm 文件.osm.pbf。",
    )
