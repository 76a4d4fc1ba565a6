"""The sample's half day at the training locks: made up, said so, around now, and plannable."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.cli.ground import Ground
from api.cli.lock_day import ensure_lock_day
from api.network.rule_models import load_rules
from data.sample.lock_day import ACCOUNT, lock_day_lasts, write_lock_day
from data.sample.network.training import load_training
from spatial.settings import Settings

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
ROWS = """
SELECT f.codes->>'lock', d.vessel, d.way, d.ready_at, d.checked_in_at, d.state, d.origin, d.cargo
FROM sigang.lock_declaration d JOIN sigang.facility f ON f.id = d.facility_id ORDER BY d.id"""


@pytest.fixture
def training(conn):
    load_training(conn, NOW)
    conn.execute("UPDATE sigang.facility SET admin_code = '330282' WHERE kind = 'lock'")
    return conn


@pytest.mark.db
def test_vessels_wait_at_each_lock_and_others_come_and_all_of_them_are_synthetic(training):
    assert not lock_day_lasts(training, NOW)
    locks = write_lock_day(training, NOW)
    rows = training.execute(ROWS).fetchall()
    assert len(locks) == 6
    assert {row[6] for row in rows} == {"synthetic"}
    assert min(Counter(row[0] for row in rows).values()) >= 16
    for lock in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == lock]
        assert {row[2] for row in own} == {"up", "down"}
        assert any(row[3] < NOW for row in own)
        assert any(row[3] > NOW + timedelta(hours=5) for row in own)
    for *_, checked_in, state, _, _ in rows:
        assert (state == "checked_in") == (checked_in is not None)
        assert checked_in is None or checked_in <= NOW
    assert {"ordinary", "cone_1", "cone_2", "passenger"} == {row[7] for row in rows}
    passed = Counter(row[1] for row in rows)
    assert max(passed.values()) > 4, "voyages through a chain"


@pytest.mark.db
def test_it_is_written_anew_only_when_the_last_vessel_has_come(training):
    write_lock_day(training, NOW)
    assert lock_day_lasts(training, NOW + timedelta(hours=8))
    later = NOW + timedelta(hours=12)
    assert not lock_day_lasts(training, later)
    before = training.execute("SELECT count(*) FROM sigang.lock_declaration").fetchone()
    write_lock_day(training, later)
    assert training.execute("SELECT count(*) FROM sigang.lock_declaration").fetchone() == before
    others = "SELECT count(*) FROM sigang.lock_declaration WHERE account_id <> %s"
    assert training.execute(others, [ACCOUNT]).fetchone() == (0,)


@pytest.mark.db
def test_each_training_lock_has_a_proven_plan_at_the_start(training, database_url, tmp_path):
    load_rules(training)
    training.commit()
    base = Ground(database_url, None, Settings(home=tmp_path, areas=Path("layers/areas")))
    ensure_lock_day(base)
    plans = training.execute("SELECT version, document FROM sigang.lock_plan").fetchall()
    assert [version for version, _ in plans] == [1] * 6
    assert all(document["optimal"] for _, document in plans)
    assert all(document["bounds"]["published_held"] for _, document in plans)
    ensure_lock_day(base)
    assert training.execute("SELECT count(*) FROM sigang.lock_plan").fetchone() == (6,)
