"""What processes over slices of time may be asked: which events and exposure, when, of whom."""

from __future__ import annotations

from layers.processes.law.event_inputs import EXPOSURE, EventInputs, Exposure
from layers.processes.runtime.model import titled


class SliceInputs(EventInputs):
    """Which events and exposure, when, of whom."""

    exposure: Exposure = EXPOSURE
    slices: int | None = titled(
        "最近时间片数（至有记录的最后一片）", "Last slices, to the last with a record",
        default=None, ge=1, le=520,
    )  # fmt: skip
