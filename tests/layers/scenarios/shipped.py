"""The shipped areas, and a copy of a few of their files to change."""

from __future__ import annotations

import shutil
from pathlib import Path

from spatial.settings import PROJECT

AREAS = PROJECT / "layers" / "areas"
FEW = (
    "*/area.toml",
    "office/plan.toml",
    "road/roads.layer.toml",
    "road/planning.rule.toml",
    "safety/hazards.layer.toml",
    "safety/rescue_bases.layer.toml",
)


def copied(folder: Path) -> Path:
    """Return a copy of areas with two layers, one file of rules and the register of the plan."""
    for pattern in FEW:
        for path in AREAS.glob(pattern):
            to = folder / path.relative_to(AREAS)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
    return folder
