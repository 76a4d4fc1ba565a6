"""Nodes at one place that a way of no length joins: they become one node of the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from data.osm.edges import EdgeBuilder
from data.osm.nodes import TagStore
from spatial.postgres.ingest import Run


def roots(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return for each node that is joined to others the one that stands for all of them."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in pairs:
        parent[root(one)] = root(other)
    return {node: root(node) for node in parent}


def merge_nodes(run: Run, builder: EdgeBuilder, store: TagStore) -> Mapping[int, int]:
    """Let edges that were written end at the nodes that stand for others; return those.

    A barrier that is merged with a junction stands on the junction.
    """
    merged = {node: root for node, root in roots(builder.joined).items() if node != root}
    if not merged:
        return merged
    ids = [[builder.node_id(node) for node in ends] for ends in (merged, merged.values())]
    for column in ("from_node", "to_node"):
        run.conn.execute(
            f"UPDATE sigang.edge e SET {column} = m.root"  # noqa: S608
            f" FROM unnest(%s::uuid[], %s::uuid[]) AS m (node, root) WHERE e.{column} = m.node",
            ids,
        )
    for way, kept in builder.segments.items():
        builder.segments[way] = [
            replace(s, tail=merged.get(s.tail, s.tail), head=merged.get(s.head, s.head))
            for s in kept
        ]
    barriers = [node for node, _ in store.ids() if node in merged or node in merged.values()]
    for node in barriers:
        edges = run.conn.execute(
            "SELECT id::text FROM sigang.edge WHERE %s IN (from_node, to_node)",
            [builder.node_id(merged.get(node, node))],
        )
        store.meet((node, edge) for (edge,) in edges.fetchall())
    return merged
