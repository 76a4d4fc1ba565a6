"""Debian packages: what is missing, and its installation as root or through sudo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from api.cli.progress import step

POSTGRES_ROOT = Path("/usr/lib/postgresql")
SHARE_ROOT = Path("/usr/share/postgresql")
CLUSTER_CONF = Path("/etc/postgresql-common/createcluster.d/sigang.conf")
OLDEST_POSTGRES = 15
LOG_TAIL = 8


class PackagesMissingError(Exception):
    """Packages are missing and we may not install them."""


def has_postgis() -> bool:
    """Tell whether some PostgreSQL that will do is installed with PostGIS."""
    return any(
        int(folder.name) >= OLDEST_POSTGRES
        and (SHARE_ROOT / folder.name / "extension" / "postgis.control").exists()
        for folder in POSTGRES_ROOT.glob("[0-9]*")
        if folder.name.isdigit() and (folder / "bin" / "initdb").exists()
    )


def postgis_packages() -> list[str]:
    """Name the packages to install: for the PostgreSQL that is there, else the oldest offered."""
    present = sorted(int(f.parent.parent.name) for f in POSTGRES_ROOT.glob("[0-9]*/bin/initdb"))
    usable = [version for version in present if version >= OLDEST_POSTGRES]
    version = usable[-1] if usable else _offered_version()
    return [f"postgresql-{version}", f"postgresql-{version}-postgis-3"]


def _offered_version() -> int:
    result = subprocess.run(
        ["apt-cache", "pkgnames", "postgresql-"], capture_output=True, text=True, check=False
    )
    names = {name.split("-")[1] for name in result.stdout.split() if name.endswith("-postgis-3")}
    offered = sorted(int(name) for name in names if name.isdigit())
    return next((version for version in offered if version >= OLDEST_POSTGRES), OLDEST_POSTGRES)


def install(packages: Sequence[str], log: Path) -> None:
    """Install Debian packages.

    Raises
    ------
    PackagesMissingError
        Neither root nor sudo, or the installation failed; the text says what to do.
    """
    prefix = _rights(packages)
    fresh = not any(POSTGRES_ROOT.glob("[0-9]*/bin/initdb"))
    with step("reading the package lists"):
        _run([*prefix, "apt-get", "update", "-q"], log)
    if fresh and any(name.startswith("postgresql") for name in packages):
        packages = [n for n in packages if not n.startswith("postgresql")] + postgis_packages()
        _write_as(prefix, CLUSTER_CONF, "create_main_cluster = false\n")
    with step(f"installing {' '.join(packages)}"):
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
        _run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *command], log)


def _rights(packages: Sequence[str]) -> list[str]:
    """Return the prefix of commands that need root."""
    needed = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise PackagesMissingError(
            f"this machine lacks {', '.join(packages)} (Debian's names); install them."
        )
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        silent = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if silent.returncode == 0:
            return ["sudo", "-n"]
        if sys.stdin.isatty():
            return ["sudo"]
    raise PackagesMissingError(
        f"some Debian packages are missing and I may not install them.\n"
        f"  Ask an administrator to run:  {needed}\n"
        f"  then run ./sigang up again."
    )


def _write_as(prefix: Sequence[str], path: Path, text: str) -> None:
    """Write a file that keeps Debian from making a cluster of its own beside ours."""
    subprocess.run([*prefix, "mkdir", "-p", str(path.parent)], check=True)
    subprocess.run(
        [*prefix, "tee", str(path)], input=text, text=True, stdout=subprocess.DEVNULL, check=True
    )


def _run(command: Sequence[str], log: Path) -> None:
    with log.open("w+", encoding="utf-8") as file:
        result = subprocess.run(command, stdout=file, stderr=file, check=False)
        if result.returncode != 0:
            file.seek(0)
            tail = "".join(file.readlines()[-LOG_TAIL:])
            raise PackagesMissingError(f"{' '.join(command[:6])} … failed:\n{tail}\nlog: {log}")
