"""From an empty Debian machine to a Python environment with everything in it.

Runs before anything is installed, so it uses the standard library only. Each step looks first
and does nothing where nothing is missing: a machine that has everything is asked for no rights.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from api.cli import apt
from api.cli.parser import parse
from api.cli.progress import say, step
from api.ops import bundle

ROOT = Path(__file__).resolve().parents[2]
FRONT_END = ROOT / "frontend_static"
BUNDLER = FRONT_END / ".esbuild"
IMPATIENT = ("--fetch-retries=0", "--fetch-timeout=20000")
"""For what a start can do without: a machine without a network is not kept waiting."""
OLDEST_NODE = 18
SHORELINE = Path("/usr/share/gmt-gshhg/binned_GSHHS_f.nc")
GEOID_GRID = Path("/usr/share/proj/egm96_15.gtx")
LOG_TAIL = 15


class SetupFailedError(Exception):
    """Set-up cannot go on; the text says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Set up what the command needs, then become the command."""
    options = parse(arguments)
    home = Path(os.environ.get("SIGANG_HOME") or ROOT / ".sigang").absolute()
    try:
        with _alone(home):
            _prepare(options.command, home)
    except (SetupFailedError, apt.PackagesMissingError) as error:
        print(f"sigang: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sigang: stopped; run the same command again to go on", file=sys.stderr)
        return 130
    python = home / "venv" / "bin" / "python"
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    sys.stdout.flush()
    return _become([str(python), "-P", "-m", "api.cli", *arguments], environ)


def _become(command: list[str], environ: Mapping[str, str]) -> NoReturn:
    os.execve(command[0], command, environ)  # noqa: S606


def _prepare(command: str, home: Path) -> None:
    ready = _venv_python(home) is not None
    if command in {"up", "test"} or not ready:
        _install_packages(home)
    _ensure_venv(home, ["runtime"])
    if command not in {"up", "serve", "test"}:
        return
    with _kernels_beside(home):
        if command == "test":
            _ensure_venv(home, ["runtime", "test"])
        if command in {"up", "test"}:
            _ensure_front_end(home)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one set-up of a state folder run at a time."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "setup.lock").open("a") as lock:
        with step("waiting for another set-up"):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_packages(home: Path) -> None:
    wanted: list[str] = []
    if _venv_python(home) is None and importlib.util.find_spec("ensurepip") is None:
        wanted.append(f"python3.{sys.version_info.minor}-venv")
    if not os.environ.get("SIGANG_DATABASE_URL") and not apt.has_postgis():
        wanted += apt.postgis_packages()
    if not SHORELINE.exists():
        wanted.append("gmt-gshhg-full")
    if not GEOID_GRID.exists():
        wanted.append("proj-data")
    if _front_end_is_stale():
        wanted += _node_packages()
    if wanted:
        apt.install(wanted, home / "setup.log")
        if not os.environ.get("SIGANG_DATABASE_URL") and not apt.has_postgis():
            raise SetupFailedError(
                "PostgreSQL with PostGIS is still missing after its installation."
            )


def _venv_python(home: Path) -> Path | None:
    python = home / "venv" / "bin" / "python"
    return python if python.exists() and (home / "venv" / "pyvenv.cfg").exists() else None


def _ensure_venv(home: Path, locks: Sequence[str]) -> None:
    venv = home / "venv"
    stale = [name for name in locks if _marked(venv, name) != _lock_hash(name)]
    if not stale and _venv_python(home):
        return
    if not (venv / "bin" / "pip").exists():
        _make_venv(home)
        stale = list(locks)
    for name in stale:
        try:
            _install_lock(home, name)
        except SetupFailedError:
            say("starting the environment afresh")
            _make_venv(home)
            for again in locks[: locks.index(name) + 1]:
                _install_lock(home, again)


def _make_venv(home: Path) -> None:
    with step("making the Python environment"):
        shutil.rmtree(home / "venv", ignore_errors=True)
        _run(home, [sys.executable, "-m", "venv", str(home / "venv")])


def _install_lock(home: Path, name: str) -> None:
    """Install one lock file; its mark is written last, so that an interruption is mended.

    Python compiles what is imported when it is; most of what comes with the packages never is.
    """
    lock = ROOT / "requirements" / f"{name}.txt"
    count = sum("==" in line for line in lock.read_text("utf-8").splitlines())
    pip = [str(home / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    with step(f"installing {count} Python packages ({name})"):
        _run(home, [*pip, "install", "-q", "--no-input", "--no-deps", "--no-compile",
                    "--require-hashes", "-r", str(lock)])  # fmt: skip
    (home / "venv" / f"sigang-{name}.sha256").write_text(_lock_hash(name), "ascii")


def _lock_hash(name: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def _marked(venv: Path, name: str) -> str:
    mark = venv / f"sigang-{name}.sha256"
    return mark.read_text("ascii") if mark.exists() else ""


@contextmanager
def _kernels_beside(home: Path) -> Iterator[None]:
    """Compile the inner loops while something else is set up."""
    with ThreadPoolExecutor(1) as beside:
        compiling = beside.submit(_ensure_kernels, home)
        yield
        try:
            compiling.result()
        except SetupFailedError:
            _ensure_kernels(home)  # the environment may have been made afresh meanwhile


def _ensure_kernels(home: Path) -> None:
    """Compile the inner loops once, so that no process of the server has to.

    What they were compiled from is noted beside them: whoever deletes the one deletes the other.
    """
    folder = ROOT / "routing"
    kernels = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        text = path.read_bytes()
        if b"import compiled" in text or b"import inlined" in text:
            kernels.update(f"{path.relative_to(folder)}\n".encode() + text)
    beside = folder / "__pycache__" if os.access(folder, os.W_OK) else home / "venv"
    mark = beside / "kernels.sha256"
    if mark.exists() and mark.read_text("ascii") == kernels.hexdigest():
        return
    with step("compiling the inner loops"):
        python = home / "venv" / "bin" / "python"
        _run(home, [str(python), "-m", "routing.compiled"], log="kernels.log")
    beside.mkdir(exist_ok=True)
    mark.write_text(kernels.hexdigest(), "ascii")


def _front_end_is_stale() -> bool:
    """Tell whether the vendor folder was made from another lock; a copied-in one is as good."""
    lock = FRONT_END / "package-lock.json"
    manifest = FRONT_END / "vendor" / "MANIFEST.json"
    if not lock.exists():
        return False
    if not manifest.exists():
        return True
    made_from = json.loads(manifest.read_text("utf-8")).get("lock_sha256")
    return bool(made_from != hashlib.sha256(lock.read_bytes()).hexdigest())


def _node_packages() -> list[str]:
    node = shutil.which("node")
    wanted = [] if node and _node_version(node) >= OLDEST_NODE else ["nodejs"]
    if not shutil.which("npm"):
        wanted.append("npm")
    return wanted


def _node_version(node: str) -> int:
    result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = result.stdout.strip().lstrip("v").split(".")[0]
    return int(major) if major.isdigit() else 0


def _ensure_front_end(home: Path) -> None:
    if _front_end_is_stale():
        with (
            _browser_packages(home) as modules,
            step("building the map's vendor folder"),
        ):
            _run(home, ["node", "vendor.mjs"], FRONT_END)
            _keep_bundler(modules)
    if os.access(FRONT_END, os.W_OK) and bundle.fresh_page(FRONT_END) is None:
        try:
            _make_bundle(home)
        except (SetupFailedError, OSError) as error:
            say(f"the map's page is served from its modules, unbundled: {error}")


@contextmanager
def _browser_packages(home: Path, *options: str) -> Iterator[Path]:
    """Fetch what the map is made of, and delete it at the end unless it was there."""
    modules = FRONT_END / "node_modules"
    kept = (modules / ".package-lock.json").exists()
    if not kept:
        with step("fetching the map's packages"):
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            _run(home, ["npm", "ci", *quiet, *options], FRONT_END)
    yield modules
    if not kept:
        shutil.rmtree(modules, ignore_errors=True)


def _keep_bundler(modules: Path) -> None:
    for program in (modules / "@esbuild").glob("*/bin/esbuild"):
        shutil.copy2(program, BUNDLER)


def _make_bundle(home: Path) -> None:
    """Bundle the map's modules; where there is neither bundler nor npm, they serve themselves."""
    if not BUNDLER.exists() and shutil.which("npm"):
        with _browser_packages(home, *IMPATIENT) as modules:
            _keep_bundler(modules)
    if BUNDLER.exists():
        with step("bundling the map's modules"):
            bundle.make(FRONT_END, BUNDLER, lambda command: _run(home, command, FRONT_END))


def _run(home: Path, command: Sequence[str], folder: Path = ROOT, log: str = "setup.log") -> None:
    """Run a command with its output in a log; show the log's end if it fails."""
    with (home / log).open("w+", encoding="utf-8") as file:
        result = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False
        )
        if result.returncode != 0:
            file.seek(0)
            tail = "".join(file.readlines()[-LOG_TAIL:])
            raise SetupFailedError(f"{' '.join(command[:4])} … failed:\n{tail}\nlog: {file.name}")
