"""Named structures (bridges, tunnels) on the edges that they carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from routing.graph.weights import Bools, Ints


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

    @cached_property
    def _by_edge(self) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for edge, row in zip(self.edge.tolist(), self.row.tolist(), strict=True):
            rows.setdefault(edge, []).append(row)
        return rows

    def mask(self, edges: int) -> Bools:
        """Return which of so many edges carry a structure; an empty array where there is none."""
        mask = np.zeros(edges if len(self.edge) else 0, np.bool_)
        mask[self.edge] = True
        return mask

    def on(self, edges: Iterable[int]) -> list[Mapping[str, Any]]:
        """Return the structures on edges, in the order of the edges, each once."""
        by_edge = self._by_edge
        passed = [row for edge in edges if edge in by_edge for row in by_edge[edge]]
        return [self.facilities[row] for row in dict.fromkeys(passed)]
