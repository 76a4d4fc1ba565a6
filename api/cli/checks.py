"""test and lock: what a developer and continuous integration run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    failed = [name for name, command in _static_checks() if _run(name, command) != 0]
    with _node_modules():
        failed += _front_end_checks()
        if _run("pytest", [*_tool("pytest"), "--durations=60", "--durations-min=2"]) != 0:
            failed.append("pytest")
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed")
    return 1 if failed else 0


def _static_checks() -> list[tuple[str, list[str]]]:
    return [
        ("ruff check", [*_tool("ruff"), "check", *PACKAGES]),
        ("ruff format", [*_tool("ruff"), "format", "--check", *PACKAGES]),
        ("mypy", _tool("mypy")),
        ("lint-imports", [str(Path(sys.prefix) / "bin" / "lint-imports"), "--no-cache"]),
    ]


def _tool(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _front_end_checks() -> list[str]:
    checks = [
        ("JavaScript types", ["npm", "run", "--silent", "check"]),
        ("JavaScript tests", ["npm", "test", "--silent"]),
    ]
    return [name for name, command in checks if _run(name, command, FRONT_END) != 0]


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
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SIGANG_")}
    environ["PATH"] = f"{Path(sys.prefix) / 'bin'}:{environ.get('PATH', '')}"
    code = subprocess.run(command, cwd=folder, env=environ, check=False).returncode
    verdict = "" if code == 0 else f" FAILED ({code})"
    print(f"── {name}: {time.monotonic() - started:.1f} s{verdict}", flush=True)
    return code


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
