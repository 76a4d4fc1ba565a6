"""What the state folder keeps of networks, and where: nothing that reads or builds them."""

from __future__ import annotations

import shutil
from pathlib import Path

from spatial.networks.model import network_kinds

GRAPHS, ORDERS = "graphs", "routing"
LOCK = "lock"


def forget_unread(home: Path) -> list[Path]:
    """Delete graphs and orders of no kind of network, which earlier versions kept; return them.

    Called while nothing reads or builds networks.
    """
    kinds = set(network_kinds())
    unread = [
        path
        for top in (GRAPHS, ORDERS)
        for path in sorted((home / top).glob("*"))
        if path.is_dir() and path.name not in kinds
    ]
    for path in unread:
        shutil.rmtree(path, ignore_errors=True)
    return unread
