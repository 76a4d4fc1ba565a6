"""OSRM and Valhalla beside Sigang: programs from their wheels, data from one file, servers.

Both ship their binaries in wheels for Python ≥ 3.12 that are only unpacked here, by the hashed
locks `requirements/bench-osrm.txt` and `bench-valhalla.txt`. In-process measurements also need an
interpreter of that age (`BENCH_PYTHON`, else looked for).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from bench.servers import ROOT, STATE, free_port, running

THREADS = 2
TABLE = 1_000
FIXES = 10_000  # of a trace to match
PLATFORM = "manylinux_2_28_x86_64"
Algorithm = Literal["CH", "MLD"]
OSRM_STEPS: dict[Algorithm, tuple[str, ...]] = {
    "CH": ("contract",), "MLD": ("partition", "customize"),
}  # fmt: skip
EQUAL = ROOT / "bench" / "equal.lua"


def unpacked(name: str) -> Path:
    """Return the folder of a peer's wheel, fetched by its hashed lock the first time."""
    folder = STATE / f"wheel-{name}"
    if (folder / "done").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lock = ROOT / "requirements" / f"bench-{name}.txt"
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
         "--python-version", "312", "--abi", "abi3", "--platform", PLATFORM, "--require-hashes",
         "-r", lock, "-d", folder],
        check=True,
    )  # fmt: skip
    for wheel in list(folder.glob("*.whl")):
        zipfile.ZipFile(wheel).extractall(folder)
        wheel.unlink()
    for program in folder.glob("*/bin/*"):
        program.chmod(0o755)
    (folder / "done").touch()
    return folder


def interpreter() -> str | None:
    """Return a Python that can import the peers' modules, None when there is none."""
    homes = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [os.environ.get("BENCH_PYTHON"), sys.executable]
    names += [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    names += sorted(str(p) for p in homes.glob("3.1[2-9]*/bin/python"))
    for name in [n for n in names if n]:
        probe = [name, "-c", "import sys; sys.exit(sys.version_info < (3, 12))"]
        if not subprocess.run(probe, capture_output=True, check=False).returncode:
            return name
    return None


def osrm_program(name: str) -> Path:
    """Return one of OSRM's programs, as `extract` or `routed`."""
    return unpacked("osrm") / "osrm" / "bin" / f"osrm-{name}"


def _run(command: Sequence[str | Path], log: Path) -> None:
    with log.open("a") as out:
        done = subprocess.run(command, stdout=out, stderr=out, check=False, cwd=log.parent)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed, see {log}:\n{log.read_text()[-2000:]}")


def _fingerprint(*files: Path) -> str:
    h = hashlib.blake2b(digest_size=8)
    for file in files:
        h.update(file.read_bytes())
    return h.hexdigest()


def osrm_data(pbf: Path, folder: Path, algorithm: Algorithm, profile: Path | None = None) -> Path:
    """Return the base path of OSRM's data, made when the file or the profile has changed.

    The profile is OSRM's own car profile unless another one is given.
    """
    share = unpacked("osrm") / "osrm" / "share" / "profiles"
    lua = profile or share / "car.lua"
    base = folder / "data.osrm"
    done = folder / f"done-{_fingerprint(pbf, lua)}"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(pbf, folder / "data.osm.pbf")
        log = folder / "log"
        _run([osrm_program("extract"), "-t", str(THREADS), "-p", lua, folder / "data.osm.pbf"], log)
        (folder / "data.osm.pbf").unlink()
        for step in OSRM_STEPS[algorithm]:
            _run([osrm_program(step), "-t", str(THREADS), base], log)
        done.touch()
    return base


def osrm_customize(base: Path, speeds: Path) -> None:
    """Give segments new speeds: what OSRM does for live data under MLD."""
    command = [osrm_program("customize"), "-t", str(THREADS), "--segment-speed-file", speeds, base]
    _run([*command, "-l", "ERROR"], base.parent / "customize.log")


@contextlib.contextmanager
def osrm(base: Path, algorithm: Algorithm, threads: int = THREADS) -> Iterator[str]:
    """Run osrm-routed and yield its address."""
    port = free_port()
    command = [
        str(osrm_program("routed")), "-i", "127.0.0.1", "-p", str(port), "-t", str(threads),
        "-a", algorithm, "--max-table-size", str(TABLE), "--max-matching-size", str(FIXES),
        "-l", "ERROR", str(base),
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with running(command, {}, f"{address}/nearest/v1/driving/0,0", base.parent / "routed.log"):
        yield address


def valhalla_program(name: str) -> Path:
    """Return one of Valhalla's programs, as `build_tiles` or `service`."""
    return unpacked("valhalla") / "valhalla" / "bin" / f"valhalla_{name}"


def valhalla_config(folder: Path, port: int = 0, sockets: str = "") -> dict[str, Any]:
    """Return a configuration: defaults, one folder of tiles, limits that the requests need."""
    script = unpacked("valhalla") / "valhalla" / "valhalla_build_config.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    config: dict[str, Any] = json.loads(made.stdout)
    mjolnir = config["mjolnir"]
    mjolnir["tile_dir"] = str(folder / "tiles")
    for name in ("tile_extract", "traffic_extract", "admin", "landmarks", "timezone",
                 "transit_dir", "transit_feeds_dir"):  # fmt: skip
        mjolnir.pop(name, None)
    config["additional_data"] = {}
    mjolnir["concurrency"] = THREADS
    config["logging"] = mjolnir["logging"] = {"type": "std_err", "color": False}
    for part in ("loki", "thor", "odin", "meili"):
        config[part]["logging"] = {"type": "std_err", "long_request": 1e9}
        if sockets and "service" in config[part]:
            config[part]["service"]["proxy"] = f"ipc://{sockets}/{part}"
    limits = config["service_limits"]
    for name in ("auto", "truck"):
        limits[name] |= {"max_distance": 2e7, "max_matrix_distance": 2e7, "max_locations": 200,
                         "max_matrix_location_pairs": TABLE * TABLE}  # fmt: skip
    limits["trace"] |= {"max_shape": FIXES, "max_distance": 1e6}
    service = config["httpd"]["service"]
    service |= {"listen": f"tcp://127.0.0.1:{port}", "loopback": f"ipc://{sockets}/loopback",
                "interrupt": f"ipc://{sockets}/interrupt"}  # fmt: skip
    return config


def valhalla_data(pbf: Path, folder: Path) -> Path:
    """Return the folder of Valhalla's tiles, made when the file has changed."""
    done = folder / f"done-{_fingerprint(pbf)}"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        config = folder / "config.json"
        config.write_text(json.dumps(valhalla_config(folder)))
        _run([valhalla_program("build_tiles"), "-c", config, pbf], folder / "log")
        done.touch()
    return folder


@contextlib.contextmanager
def valhalla(folder: Path) -> Iterator[str]:
    """Run valhalla_service and yield its address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="valhalla-") as sockets:
        config = folder / "service.json"
        config.write_text(json.dumps(valhalla_config(folder, port, sockets)))
        command = [str(valhalla_program("service")), str(config), str(THREADS)]
        address = f"http://127.0.0.1:{port}"
        with running(command, {}, f"{address}/status", folder / "service.log"):
            yield address
