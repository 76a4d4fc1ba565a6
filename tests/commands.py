"""Commands of Sigang run to their end, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.harness import server_environment

WAIT_S = 240


def sigang(
    *arguments: object,
    home: Path,
    url: str | None = None,
    environment: dict[str, str] | None = None,
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.

    Parameters
    ----------
    arguments
        Its words.
    home, url
        The state folder, and the owner's URL of a database that is not of its own cluster.
    environment
        More of an environment.
    more
        More for `subprocess.run`.
    """
    settings = {"home": str(home), **({"database_url": url} if url else {})}
    return subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", *map(str, arguments)],
        env=server_environment(**settings) | (environment or {}),
        **{"stdin": subprocess.DEVNULL, "timeout": WAIT_S} | more,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
