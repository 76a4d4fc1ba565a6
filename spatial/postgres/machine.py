"""What the private cluster must know of its machine: binaries, memory, disk, rights, processes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import resource
import shutil
import stat
import subprocess
from pathlib import Path

from spatial.errors import SetupError

POSTGRES_ROOT = Path("/usr/lib/postgresql")
SHARE_ROOT = Path("/usr/share/postgresql")
SYSTEM_STATE = Path("/var/lib/sigang")
SOCKET_PATH_MAX = 107 - len("/.s.PGSQL.5432.lock")
OLDEST_POSTGRES = 15
MB = 1 << 20


def find_postgres(version: str | None = None) -> Path:
    """Return the folder of PostgreSQL's programs that has PostGIS beside it.

    Parameters
    ----------
    version
        Major version that an existing cluster was made with; default: the oldest that will do.

    Raises
    ------
    SetupError
        No such version is installed.
    """
    found = {
        int(folder.name): folder / "bin"
        for folder in sorted(POSTGRES_ROOT.glob("[0-9]*"))
        if folder.name.isdigit()
        and (folder / "bin" / "initdb").exists()
        and (SHARE_ROOT / folder.name / "extension" / "postgis.control").exists()
    }
    wanted = [v for v in sorted(found) if (str(v) == version if version else v >= OLDEST_POSTGRES)]
    if wanted:
        return found[wanted[0]]
    name = version or OLDEST_POSTGRES
    raise SetupError(
        f"PostgreSQL {name} with PostGIS is not installed.",
        f"未安装带 PostGIS 的 PostgreSQL {name}。",
        mend_en=f"Install postgresql-{name} and postgresql-{name}-postgis-3, or set "
        "SIGANG_DATABASE_URL.",
        mend_zh=f"请安装 postgresql-{name} 与 postgresql-{name}-postgis-3，或设置 "
        "SIGANG_DATABASE_URL。",
    )


def unprivileged_prefix() -> list[str]:
    """Return the command prefix that gives root's rights up, empty for any other user."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


def give_to_cluster_user(path: Path) -> None:
    """Make the cluster's user the owner of a folder or file, where we are root."""
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")


def cluster_folder(home: Path) -> Path:
    """Return where the cluster of a state folder lies, and remember it there.

    It is `home/cluster`, or a system folder where root started from a folder that the cluster's
    user cannot enter.
    """
    home.mkdir(parents=True, exist_ok=True)
    note = home / "cluster.path"
    if note.exists():
        return Path(note.read_text("utf-8").strip())
    folder = home / "cluster" if _enterable(home) else SYSTEM_STATE / short_hash(home)
    note.write_text(f"{folder}\n", "utf-8")
    return folder


def _enterable(folder: Path) -> bool:
    prefix = unprivileged_prefix()
    if not prefix:
        return True
    result = subprocess.run([*prefix, "test", "-x", str(folder)], cwd="/", check=False)
    return result.returncode == 0


def socket_folder(home: Path) -> Path:
    """Return the short private folder of the cluster's socket, made if missing.

    Raises
    ------
    SetupError
        Somebody else owns it, or its path is too long for a Unix socket.
    """
    system = os.geteuid() == 0 and os.access("/run", os.W_OK)
    parent = Path("/run") if system else Path("/tmp")  # noqa: S108
    folder = parent / f"sigang-{os.geteuid()}-{short_hash(home)}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        give_to_cluster_user(folder)
    found = folder.lstat()
    ours = found.st_uid == os.geteuid() or found.st_uid == pwd.getpwnam("postgres").pw_uid
    if not stat.S_ISDIR(found.st_mode) or not ours or len(str(folder)) > SOCKET_PATH_MAX:
        raise SetupError(
            f"{folder} cannot hold the database's socket.",
            f"{folder} 不能存放数据库套接字。",
            mend_en="Remove it: it belongs to somebody else.",
            mend_zh="请删除该目录：它属于其他用户。",
        )
    return folder


def short_hash(path: Path) -> str:
    """Return ten hex digits that tell one state folder from another."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:10]


def memory_bytes() -> int:
    """Return the memory that this process may use: the machine's, or the control group's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text("ascii").strip() if limit.exists() else "max"
    return min(total, int(text)) if text.isdigit() else total


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the system lets it ask for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_bytes(folder: Path) -> int:
    """Return the free space of a folder's file system for an ordinary user."""
    return shutil.disk_usage(folder).free


def shared_memory_bytes() -> int:
    """Return the size of /dev/shm, 0 where there is none."""
    folder = Path("/dev/shm")  # noqa: S108
    return shutil.disk_usage(folder).total if folder.is_dir() else 0


def processes_in(folder: Path) -> list[int]:
    """Return the process ids whose working folder is this one."""
    target = str(folder.resolve())
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str((entry / "cwd").readlink()) == target:
                found.append(int(entry.name))
        except OSError:
            continue
    return found
