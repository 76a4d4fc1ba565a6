"""Dangerous goods: what the `hazmat` tags of a road mean to a cargo.

Tags as https://wiki.openstreetmap.org/wiki/Key:hazmat describes: `no` for all dangerous goods,
`water=no`, `explosive=no` for some, `B=no` … `E=no` for tunnels by restriction code. A tunnel shut
to a code is shut to all the more dangerous ones before it (ADR 1.9.5.2; JT/T 617 follows ADR).
"""

from __future__ import annotations

import re

import numpy as np

from routing.graph.graph import Coded
from routing.graph.weights import Bools
from spatial.errors import BadParameter
from spatial.networks.access_values import HAZMAT_OPEN

ANY = "any"  # a cargo of unknown class: every restriction holds for it
CODES = ("B", "C", "D", "E")  # most dangerous first
SORTS = ("explosive", "water")
_CLASS = re.compile(r"[1-9](\.[1-9])?")  # GB 6944


def read_cargo(said: bool | str | None) -> str | None:
    """Return the cargo that a request names: None, `any`, a tunnel code or a sort.

    A class of GB 6944 (`3`, `2.1`) is no finer than `any` here: no road's tags name it.

    Raises
    ------
    BadParameter
        It is none of these.
    """
    if said is None or said is False:
        return None
    if said is True or said == ANY or _CLASS.fullmatch(said):
        return ANY
    if said in CODES or said in SORTS:
        return said
    raise BadParameter(
        f"Unknown dangerous goods {said!r}",
        f"未知危险货物类别 {said!r}",
        mend_en="Send true, a class of GB 6944 (1 to 9), a tunnel code B to E, explosive or water.",
        mend_zh="请填 true、GB 6944 类别（1 至 9）、隧道限制代码 B 至 E、explosive 或 water。",
    )


def shut_to(cargo: str, tags: str) -> bool:
    """Tell whether a road with these tags (`no;water=no`) is shut to a cargo."""
    parts = [part.partition("=") for part in tags.split(";")]
    whole = next((name for name, sign, _ in parts if not sign), "yes")
    single = {name: value for name, sign, value in parts if sign}
    shut = {name for name, value in single.items() if value not in HAZMAT_OPEN}
    if cargo == ANY:
        return whole not in HAZMAT_OPEN or bool(shut)
    if single.get(cargo) in HAZMAT_OPEN:
        return False
    worse = set(CODES[CODES.index(cargo) :]) if cargo in CODES else {cargo}
    return whole not in HAZMAT_OPEN or bool(shut & worse)


def closed(cargo: str, column: Coded) -> Bools:
    """Return where a column of tags shuts a road to a cargo."""
    return column.mask([text for text in column.values if shut_to(cargo, text)])


def unsaid(column: Coded, structure: Coded) -> Bools:
    """Return the tunnels of which nobody recorded whether dangerous goods may pass."""
    return np.asarray((column.codes < 0) & structure.mask(["tunnel"]), np.bool_)
