"""One answer of the search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from spatial.json_types import Document

Action = Literal["feature", "stake", "span", "coordinate", "cell"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search; `center` and `bbox` in degrees.

    `area` names the unit that it lies in, `distance_m` tells how far it is from the place that the
    question names as near; both are None where that is not known.
    """

    layer: str | None
    id: str | None
    label: dict[str, str]
    origin: str | None
    center: tuple[float, float]
    action: Action
    codes: str = ""
    bbox: list[float] | None = None
    area: dict[str, str] | None = None
    distance_m: float | None = None
    extra: Document = field(default_factory=dict)
