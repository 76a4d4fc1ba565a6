"""Named structures (bridges, tunnels) on the edges that they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.graph import Ints


@dataclass(frozen=True)
class Structures:
    """Structures that edges carry: parallel arrays of edge and row."""

    edge: Ints
    row: Ints
    facilities: Sequence[Mapping[str, Any]]

    @classmethod
    def none(cls) -> Structures:
        """Return no structures."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), [])

    def on(self, edges: Ints) -> list[Mapping[str, Any]]:
        """Return the structures on edges, in the order of the edges, each once."""
        wanted = np.isin(self.edge, edges)
        position = {int(e): i for i, e in reversed(list(enumerate(edges)))}
        pairs = zip(self.edge[wanted].tolist(), self.row[wanted].tolist(), strict=True)
        ordered = sorted(pairs, key=lambda pair: position[pair[0]])
        return [self.facilities[row] for row in dict.fromkeys(row for _, row in ordered)]
