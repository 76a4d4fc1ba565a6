"""test and lock: what a developer and continuous integration run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from spatial.errors import SetupError
from spatial.settings import PROJECT, Settings

FRONT_END = PROJECT / "frontend_static"
PACKAGES = ["api", "bench", "data", "layers", "routing", "spatial", "tests", "sigang"]
LOCK = ["--universal", "--generate-hashes", "--python-version", "3.11", "--no-header",
        "--no-annotate", "-q"]  # fmt: skip


def test(_: Settings, options: Namespace) -> int:
    """Run every check, or only pytest where it is given arguments."""
    if options.arguments:
        return _run("pytest", [*_tool("pytest"), *options.arguments])
    failed: list[str] = []
    with ExitStack() as stack:
        with _beside("mypy", _tool("mypy"), failed):
            failed += [name for name, command in _static_checks() if _run(name, command) != 0]
            stack.enter_context(_node_modules())
            if _run("JavaScript types", ["npm", "run", "--silent", "check"], FRONT_END) != 0:
                failed.append("JavaScript types")
        if _run("JavaScript tests", ["npm", "test", "--silent"], FRONT_END) != 0:
            failed.append("JavaScript tests")
        if _run("pytest", [*_tool("pytest"), "--durations=60", "--durations-min=2"]) != 0:
            failed.append("pytest")
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed")
    return 1 if failed else 0


def _static_checks() -> list[tuple[str, list[str]]]:
    return [
        ("ruff check", [*_tool("ruff"), "check", *PACKAGES]),
        ("ruff format", [*_tool("ruff"), "format", "--check", *PACKAGES]),
    ]


def _tool(name: str) -> list[str]:
    return [sys.executable, "-m", name]


@contextmanager
def _beside(name: str, command: Sequence[str], failed: list[str]) -> Iterator[None]:
    """Run a check beside others that time nothing, and tell at its end what it said."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=_environment(), stdout=said, stderr=said
        )
        try:
            yield
        finally:
            code = process.wait()
        said.seek(0)
        print(f"── {name}\n{said.read()}", end="", flush=True)
    _tell(name, started, code)
    if code != 0:
        failed.append(name)


@contextmanager
def _node_modules() -> Iterator[None]:
    """Keep the packages that the front end's checks and the style's test need while inside."""
    folder = FRONT_END / "node_modules"
    kept = (folder / ".package-lock.json").exists()
    if not kept:
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        _run("npm ci", ["npm", "ci", *quiet], FRONT_END)
    try:
        yield
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _run(name: str, command: Sequence[str], folder: Path = PROJECT) -> int:
    print(f"── {name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(command, cwd=folder, env=_environment(), check=False).returncode
    _tell(name, started, code)
    return code


def _environment() -> dict[str, str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SIGANG_")}
    environ["PATH"] = f"{Path(sys.prefix) / 'bin'}:{environ.get('PATH', '')}"
    return environ


def _tell(name: str, started: float, code: int) -> None:
    verdict = "" if code == 0 else f" FAILED ({code})"
    print(f"── {name}: {time.monotonic() - started:.1f} s{verdict}", flush=True)


def lock(_: Settings, __: Namespace) -> int:
    """Recompile every requirements/*.in into its lock file."""
    uv = shutil.which("uv")
    if uv is None:
        raise SetupError(
            "uv is not installed.", "未安装 uv。",
            mend_en="pip install uv; only a lock's author needs it.",
            mend_zh="pip install uv；只有更新锁文件时才需要。",
        )  # fmt: skip
    folder = PROJECT / "requirements"
    order = ["runtime", *sorted(p.stem for p in folder.glob("*.in") if p.stem != "runtime")]
    for name in order:
        command = [uv, "pip", "compile", *LOCK, f"{name}.in", "-o", f"{name}.txt"]
        if _run(f"lock {name}", command, folder) != 0:
            return 1
    return 0
