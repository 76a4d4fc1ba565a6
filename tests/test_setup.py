"""Set-up: what a newcomer runs, what goes wrong around it, and how it mends itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta

import psycopg
import pytest

from api.cli import apt, bootstrap, sample
from api.cli.ground import Ground
from data.generate.flight_rows import SOURCE, flown_on
from data.things import write_sources
from spatial.errors import BadParameter
from spatial.postgres.db import connect
from spatial.settings import Settings
from tests.commands import sigang
from tests.conftest import ANCHOR, ROOT, free_port
from tests.harness import server_environment


def test_a_reader_that_has_enough_ends_a_command_quietly(tmp_path):
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", "status"], stdout=write, stderr=subprocess.PIPE,
        env=server_environment(home=str(tmp_path)), timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    assert (result.returncode, result.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.db
def test_an_interrupted_first_load_leaves_nothing_and_is_done_again(
    database_url, monkeypatch, tmp_path
):
    def interrupted(conn, anchor, progress):
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('half', '', '', '', '')"
        )
        raise KeyboardInterrupt

    def whole(conn, anchor, progress):
        calls.append(anchor)

    calls = []
    with connect(database_url) as conn:
        monkeypatch.setattr("data.sample.load_sample", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sample.load_into(conn, ANCHOR, str)
        left = conn.execute("SELECT count(*) FROM sigang.source WHERE id = 'half'").fetchone()
        assert left == (0,)
        assert sample.loaded_anchor(conn) is None
        monkeypatch.setattr("data.sample.load_sample", whole)
        base = Ground(database_url, None, Settings(home=tmp_path))
        sample.ensure_sample(base, ANCHOR.isoformat())
        sample.ensure_sample(base, None)
        assert calls == [ANCHOR]
        sample.ensure_sample(base, (ANCHOR + timedelta(days=1)).isoformat())
        assert calls == [ANCHOR, ANCHOR + timedelta(days=1)]
        states = conn.execute("SELECT state FROM sigang.load_run ORDER BY started_at").fetchall()
        assert [state for (state,) in states] == ["failed", "done", "done"]


@pytest.mark.db
def test_a_loaded_sample_is_found_and_not_loaded_again(sample_url, monkeypatch):
    monkeypatch.setattr(sample, "load", lambda *_: pytest.fail("the sample is there"))
    monkeypatch.setattr(sample, "anchor_of", lambda _: ANCHOR)  # its day lasts: no flight moves
    with connect(sample_url) as conn:
        assert sample.loaded_anchor(conn) == ANCHOR
    sample.ensure_sample(Ground(sample_url, None, None), None)


FLOWN = """
INSERT INTO sigang.operation (id, kind, visibility, origin, source_id, name_zh, name_en, state,
  planned_start, planned_end)
VALUES (gen_random_uuid(), 'uas_flight', 'public', 'synthetic', %s, '', '', 'Ended', %s, %s)"""


@pytest.mark.db
def test_flights_of_a_day_that_is_over_are_moved_to_today_and_those_of_today_stay(
    conn, database_url, tmp_path
):
    base, today = Ground(database_url, None, Settings(home=tmp_path)), sample.anchor_of(None)
    conn.execute(
        "INSERT INTO sigang.load_run (source_id, kind, options, state) VALUES ('sample', 'sample',"
        " jsonb_build_object('anchor', %s::text), 'done')", [ANCHOR.isoformat()]
    )  # fmt: skip
    write_sources(conn, SOURCE)
    conn.execute(FLOWN, [SOURCE, ANCHOR, ANCHOR + timedelta(hours=1)])
    conn.commit()
    sample.ensure_sample(base, None)
    assert flown_on(conn) is None  # without terrain no flight is made, and the old ones are gone
    begins = conn.execute(
        "SELECT valid_from FROM sigang.zone WHERE source_id = %s", [SOURCE]
    ).fetchall()
    assert begins
    assert all(abs(begin - today) < timedelta(days=3) for (begin,) in begins)
    conn.execute(FLOWN, [SOURCE, today, today + timedelta(hours=1)])
    conn.commit()
    sample.ensure_sample(base, None)
    assert flown_on(conn) == today


def test_the_sample_is_anchored_to_midnight_in_shanghai():
    anchor = sample.anchor_of(None)
    assert anchor.utcoffset() == timedelta(hours=8)
    assert (anchor.hour, anchor.minute, anchor.second, anchor.microsecond) == (0, 0, 0, 0)
    assert timedelta(0) <= datetime.now(anchor.tzinfo) - anchor < timedelta(days=1)
    for bad in ("yesterday", "2026-03-02T00:00:00"):
        with pytest.raises(BadParameter, match="RFC 3339"):
            sample.anchor_of(bad)


@pytest.mark.db
def test_doctor_finds_a_table_without_row_security(database_url, tmp_path):
    well = json.loads(sigang("doctor", "--json", home=tmp_path, url=database_url).stdout)
    states = {finding["name"]: finding["state"] for finding in well}
    for name in ("python", "layers", "database", "schema", "roles", "scope", "audit"):
        assert states[name] == "ok", well
    assert states["sample"] == "warn"
    with connect(database_url) as conn:
        conn.execute("ALTER TABLE sigang.event DISABLE ROW LEVEL SECURITY")
    result = sigang("doctor", home=tmp_path, url=database_url)
    assert result.returncode == 1
    assert "✗ scope" in result.stdout
    assert "event" in result.stdout


def test_without_rights_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(apt, "has_postgis", lambda: False)
    monkeypatch.setattr(apt.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        apt.shutil, "which", lambda name: None if name == "sudo" else f"/usr/bin/{name}"
    )
    with pytest.raises(apt.PackagesMissingError) as caught:
        bootstrap._install_packages(tmp_path)
    assert "apt-get install --no-install-recommends" in str(caught.value)
    assert "-postgis-3" in str(caught.value)


def test_with_everything_there_it_asks_for_no_rights(monkeypatch, tmp_path):
    def refuse(*_):
        raise AssertionError("nothing may be installed")

    monkeypatch.setattr(apt, "install", refuse)
    bootstrap._install_packages(tmp_path)


def test_a_lock_is_installed_again_only_when_it_changed(monkeypatch, tmp_path):
    commands = []
    monkeypatch.setattr(
        bootstrap, "_run", lambda home, command, folder=ROOT: commands.append(command)
    )
    binaries = tmp_path / "venv" / "bin"
    binaries.mkdir(parents=True)
    for entry in ("python", "pip", "../pyvenv.cfg"):
        (binaries / entry).touch()
    bootstrap._ensure_venv(tmp_path, ["runtime"])
    assert len(commands) == 1
    assert {"--require-hashes", "--no-deps"} <= set(commands[0])
    bootstrap._ensure_venv(tmp_path, ["runtime"])
    assert len(commands) == 1
    (tmp_path / "venv" / "sigang-runtime.sha256").write_text("another")
    bootstrap._ensure_venv(tmp_path, ["runtime", "test"])
    assert len(commands) == 3


def test_kernels_are_compiled_again_when_one_changed_moved_or_lost_its_cache(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "_run", lambda _, command, **__: ran.append(command))
    kernel = tmp_path / "routing" / "index" / "near_kernels.py"
    kernel.parent.mkdir(parents=True)

    def compiled_again():
        before = len(ran)
        bootstrap._ensure_kernels(tmp_path)
        return len(ran) > before

    kernel.write_text("from routing.compiled import compiled")
    assert compiled_again()
    assert not compiled_again()
    kernel.write_text("from routing.compiled import compiled  # changed")
    assert compiled_again()
    kernel = kernel.rename(tmp_path / "routing" / "near_kernels.py")
    assert compiled_again()
    shutil.rmtree(tmp_path / "routing" / "__pycache__")
    assert compiled_again()
    assert not compiled_again()


def test_kernels_that_lost_their_environment_meanwhile_are_compiled_again(monkeypatch, tmp_path):
    afresh, tried = threading.Event(), []

    def compile_them(home):
        tried.append(home)
        if len(tried) == 1:
            assert afresh.wait(10)
            raise bootstrap.SetupFailedError("there is no Python")

    monkeypatch.setattr(bootstrap, "_ensure_kernels", compile_them)
    with bootstrap._kernels_beside(tmp_path):
        afresh.set()
    assert tried == [tmp_path, tmp_path]


@pytest.mark.db
def test_settings_name_a_database_that_does_not_answer(tmp_path):
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    result = sigang("migrate", home=tmp_path, url=url)
    assert result.returncode == 1
    assert "does not answer" in result.stderr
    assert "SIGANG_DATABASE_URL" in result.stderr
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_map_that_cannot_be_bundled_is_served_module_by_module(monkeypatch, tmp_path, capsys):
    for name in ("index.html", "js/main.js", "css/a.css", "vendor/MANIFEST.json", ".esbuild"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('<script type="module" src="js/main.js"></script>\n')
    ran = []

    def fail(_, command, __):
        ran.append(command)
        raise bootstrap.SetupFailedError("main.js: unexpected end of file")

    monkeypatch.setattr(bootstrap, "FRONT_END", tmp_path)
    monkeypatch.setattr(bootstrap, "BUNDLER", tmp_path / ".esbuild")
    monkeypatch.setattr(bootstrap, "_run", fail)
    bootstrap._ensure_front_end(tmp_path)
    assert [command[:2] for command in ran] == [[str(tmp_path / ".esbuild"), "js/main.js"]]
    assert "served from its modules, unbundled: main.js: unexpected end" in capsys.readouterr().err
