"""Gates and requests as rows of layers have them; what a row lacks is told."""

from __future__ import annotations

from collections.abc import Mapping

from layers.processes.readers.rows import Rows
from layers.processes.runtime.model import wrong_input
from spatial.errors import BadParameter


def gate_of(name: str, found: Rows) -> dict[str, object]:
    """Return the members of a gate from the one row that an input names.

    Raises
    ------
    BadParameter
        There is no row, or several, or its lanes or room to wait are not known.
    """
    if len(found) != 1:
        raise wrong_input(name, f"{len(found)} features match; name one", "须恰有一个要素符合条件")
    row = found[0]["properties"]
    if row.get("gate_lanes") is None or row.get("queue_most") is None:
        raise wrong_input(
            name, "its lanes (gate_lanes) or room to wait (queue_most) are not known",
            "未登记车道数（gate_lanes）或排队上限（queue_most）",
        )  # fmt: skip
    return {
        "lanes": row["gate_lanes"], "queue_most": row["queue_most"],
        "hours": row.get("gate_hours"), "origin": origin_of(row),
    }  # fmt: skip


def wishes_of(name: str, found: Rows) -> list[dict[str, object]]:
    """Return the members of requests from rows.

    Raises
    ------
    BadParameter
        The layer has no windows.
    """
    own = [feature["properties"] for feature in found]
    if any(row.get("since") is None or row.get("until") is None for row in own):
        raise _no_windows(name)
    return [
        {
            "id": str(row.get("key") or feature.get("id")), "since": row["since"],
            "until": row["until"], "moves": row.get("moves") or 1,
            "shift_min": row.get("shift_min"), "origin": origin_of(row),
        }
        for row, feature in zip(own, found, strict=True)
    ]  # fmt: skip


def origin_of(row: Mapping[str, object]) -> str:
    """Return whether a row is made up."""
    return "synthetic" if row.get("origin") == "synthetic" else "real"


def _no_windows(name: str) -> BadParameter:
    return wrong_input(
        name, "its rows need since and until, as layer gate_requests has them",
        "要素须有 since 与 until，如图层 gate_requests",
    )  # fmt: skip
