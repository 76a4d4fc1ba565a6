"""The columns of what kernels read and write: events, halts, groups of shipments, labels, legs."""

from __future__ import annotations

NONE = -1
NEVER = 2**60
"""A time that is not reached, in Unix seconds."""
EVENT_AT, DEPARTS, ON_RUN, AT_HALT, SECTION, AT_HUB, EVENT = range(7)
HALT_HUB, HALT_MODE, GATE_IN, DOCUMENTS, BOARDS, ALIGHTS, PATTERN, HALT = range(8)
RIDE_CNY, RIDE_PER_T, LIFT_CNY, MONEY = range(4)
ROAD_FROM, ROAD_TO, ROAD_S, WINDOWS, AROUND, ROAD_COLUMNS = range(6)
"""A road leg; `WINDOWS` numbers its set of closures, `AROUND` the leg that avoids them."""
WAY_CNY, WAY_PER_T = range(2)
(
    START_HUB,
    START_WAY,
    START_AT,
    START_RUN,
    START_HALT,
    GOAL,
    KINDS,
    READY,
    LATEST,
    EARLIEST,
    GROUP,
) = range(11)
MASS, TEU, PER_S, LATE_PER_S, UNSERVED, GROUP_MONEY = range(6)
"""Tonnes per TEU, TEU, and what a second, a second too late and not being served cost per TEU."""
AT, HUB, WAY, PARENT, RUN, FROM, TO, LEFT, NEXT, LABEL = range(10)
PRICED, PLAIN = range(2)
LEG_RUN, LEG_FROM, LEG_TO, LEG_FROM_HUB, LEG_TO_HUB, LEG_DEPARTS, LEG_ARRIVES, LEG_ROAD, LEG = (
    range(9)
)
BY_ROAD, OWN = -2, -3
"""In the place of a run: a road leg; a planned leg of no known run, `LEG_ROAD` is its way."""
MOST_LEGS = 16
"""An itinerary of more legs is none."""
