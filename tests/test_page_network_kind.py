"""docs/add-a-network-kind.md followed step by step: declared, migrated, filled, asked, refused."""

from __future__ import annotations

import asyncio
import shutil
import sys
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import shapely

import spatial.networks
from api.cli.doctor import _declarations
from api.events import store, targets
from api.events.edge_effects import find_effects
from api.events.store import Decision, Effect
from api.network.kinds import Networks
from api.network.rule_keeper import RuleKeeper
from api.network.rule_models import load_rules
from api.network.service import Roads
from data.accounts import load_accounts
from routing.cost import network_rules, profile_files
from routing.cost.profile import Profile
from routing.query.model import PathQuery
from spatial import rules as registered
from spatial.actor import Actor
from spatial.errors import BadParameter, LimitViolated, SetupError, Unreachable
from spatial.ids import stable_uuid7
from spatial.networks.model import get_searched, network_kinds, searched_kinds
from spatial.postgres.db import Database, connect
from spatial.settings import PROJECT, Settings
from tests.conftest import ROOT
from tests.pages import blocks, files, told

PAGE = "add-a-network-kind.md"
NOW = datetime.now(UTC)
PLACES = {"A": (120.9, 30.3), "B": (120.91, 30.3), "C": (120.92, 30.3), "D": (120.93, 30.3)}
EDGE = """
INSERT INTO sigang.edge (id, kind, visibility, origin, source_id, mode, class, from_node, to_node,
  length_m, max_tow_t, geom)
VALUES (%s, 'towpath', 'public', 'synthetic', 'canal', 'towpath', 'towpath', %s, %s, 1000, %s,
  ST_GeomFromText(%s, 4326))"""


class SilentBus:
    """A bus on which nothing is said."""

    def subscribe(self, kind, callback):
        """Take note of nobody."""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write the page's files beside copies of those that they join."""
    shutil.copytree(PROJECT / "layers" / "areas", tmp_path / "layers" / "areas")
    shutil.copytree(profile_files.PROFILES, tmp_path / "routing" / "profiles")
    for name, text in files(PAGE).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(profile_files, "PROFILES", tmp_path / "routing" / "profiles")
    monkeypatch.setattr(registered, "_kinds", dict(registered._kinds))
    folders = [*spatial.networks.__path__, str(tmp_path / "spatial" / "networks")]
    monkeypatch.setattr(spatial.networks, "__path__", folders)
    network_kinds.cache_clear()
    named = vars(network_rules.rules_of(network_kinds()["towpath"])).values()
    registered._kinds.update({rule.key: rule for rule in named})  # where an earlier test asked
    yield tmp_path
    sys.modules.pop("spatial.networks.towpath", None)
    network_kinds.cache_clear()


def fill(url, areas):
    with connect(url) as conn:
        for block in (b for b in blocks(PAGE) if b.language == "sql"):
            conn.execute(block.text)
        load_rules(conn, areas)
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('canal', '运河', 'Canal', 'CC0', 'Test')"
        )
        for first, last, most in (("A", "B", None), ("B", "C", 20.0), ("C", "D", None)):
            nodes = [stable_uuid7("canal", name) for name in (first, last)]
            line = shapely.LineString([PLACES[first], PLACES[last]]).wkt
            conn.execute(EDGE, [stable_uuid7("canal", first + last), *nodes, most, line])
        conn.execute("UPDATE sigang.network_version SET topology = 1 WHERE network = 'towpath'")


async def with_networks(settings, work):
    """Return what some work gets of a database and its networks."""
    db = await Database.open(settings, settings.database_url)
    rules = RuleKeeper(db, SilentBus())
    await rules.start()
    networks = Networks(partial(Roads, settings, db, SilentBus(), rules))
    try:
        await networks.start()
        return await work(db, networks)
    finally:
        await networks.stop()
        await rules.stop()
        await db.close()


async def current(db, networks):
    return await (await networks.of_profile("horse")).ensure_current()


def said_by_doctor(areas) -> tuple[str, str]:
    (found,) = [f for f in _declarations(Settings(areas=areas)) if f.name == "networks"]
    return found.state, found.text


@pytest.mark.db
def test_the_kind_is_found_filled_and_asked(written, database_url):
    kind = network_kinds()["towpath"]
    assert kind in searched_kinds()
    areas = written / "layers" / "areas"
    fill(database_url, areas)
    settings = Settings(home=written / "home", database_url=database_url, areas=areas)

    network = asyncio.run(with_networks(settings, current))
    assert network.graph.edges.kind == kind
    query = PathQuery("horse", [PLACES["A"], PLACES["D"]], sizes={"tow_t": 15.0})
    length, duration_ms = network.path(query, NOW).sums()
    assert (length, duration_ms) == (pytest.approx(3000), pytest.approx(3000 / 4 * 3600))
    with pytest.raises(LimitViolated) as refused:
        network.path(PathQuery("horse", query.waypoints, sizes={"tow_t": 25.0}), NOW)
    assert refused.value.en in told(PAGE)


@pytest.mark.db
def test_what_closes_its_edges_raises_its_version_and_is_undone(written, database_url):
    areas = written / "layers" / "areas"
    fill(database_url, areas)
    with connect(database_url) as conn:
        load_accounts(conn)
        conn.execute("UPDATE sigang.network_version SET version = 7 WHERE network = 'road'")
        conn.commit()
    settings = Settings(home=written / "home", database_url=database_url, areas=areas)
    actor, middle = Actor("dispatcher", "dispatcher", "330000"), stable_uuid7("canal", "BC")
    asked = PathQuery("horse", [PLACES["A"], PLACES["D"]])

    async def work(db, networks):
        async def versions():
            sql = "SELECT network, version FROM sigang.network_version ORDER BY network"
            return dict(await db.public.fetch(sql))

        async def closed(event=None):
            async with db.write(actor) as conn:
                if event is not None:
                    return await store.undo(conn, actor, await store.hold(conn, event))
                target = await targets.of_edge(conn, middle, "both")
                effects = [Effect(edge, way, "closure") for edge, way in target.edges]
                with pytest.raises(BadParameter, match="Lanes are those of roads"):
                    find_effects({}, "lane_loss", 1.0, [], target)
                return await store.create(conn, actor, Decision(
                    "closure", target, effects, "both", "works", NOW, NOW + timedelta(days=1),
                    "封闭", "Closed", "public",
                ))  # fmt: skip

        (await current(db, networks)).path(asked, NOW)
        before = await versions()
        event = await closed()
        raised = await versions()
        assert raised == before | {"towpath": 8}
        with pytest.raises(Unreachable):
            (await current(db, networks)).path(asked, NOW)
        await closed(event)
        assert await versions() == before | {"towpath": 9}
        (await current(db, networks)).path(asked, NOW)
        async with db.write(actor) as conn:
            box = shapely.box(120.9, 30.2, 120.95, 30.4)
            with pytest.raises(BadParameter, match="touches no roads"):
                await targets.of_polygon(conn, box, "both")
            found = await targets.of_polygon(conn, box, "both", get_searched("towpath"))
            assert (len(found.edges), found.networks) == (3, ["towpath"])

    asyncio.run(with_networks(settings, work))


@pytest.mark.db
def test_a_kind_without_its_migration_is_told_at_the_start(written, database_url):
    settings = Settings(
        home=written / "home", database_url=database_url, areas=written / "layers" / "areas"
    )
    with connect(database_url) as conn:
        load_rules(conn, settings.areas)
    with pytest.raises(SetupError, match="does not know networks of kind 'towpath'"):
        asyncio.run(with_networks(settings, current))


def test_a_slip_is_told_as_the_page_says_and_by_doctor(written):
    path = written / "spatial" / "networks" / "towpath.py"
    areas = written / "layers" / "areas"
    searched = "searched: road with 12 profiles, towpath with 1 profiles, waterway with 1 profiles"
    assert said_by_doctor(areas) == ("ok", searched)
    horse = written / "routing" / "profiles" / "towpath" / "horse.toml"
    horse.write_text(horse.read_text("utf-8") + 'vehicle = "towpath.vehicle.horse"\n', "utf-8")
    lacks = "; horse lacks rule towpath.vehicle.horse and is not served"
    assert said_by_doctor(areas) == ("warn", searched + lacks)
    path.write_text(path.read_text("utf-8").replace('class="towpath"', 'class="towpth"'), "utf-8")
    sys.modules.pop("spatial.networks.towpath", None)
    network_kinds.cache_clear()
    state, text = said_by_doctor(areas)
    assert state == "fail" and text in told(PAGE)


def test_every_key_of_a_profile_is_documented():
    text = (ROOT / "docs" / "profiles.md").read_text("utf-8")
    keys = text.partition("### Keys of a profile")[2].partition("\n## ")[0]
    assert all(f"`{name}`" in keys for name in Profile.model_fields)
