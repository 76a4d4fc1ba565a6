"""The road graph of an OpenStreetMap extract, read as a load reads it but without a database."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import shapely

from api.network.rule_models import RuleBook, read_rules
from data.osm import edges as osm_edges
from data.osm import load
from data.osm import turns as osm_turns
from data.osm.edges import EdgeBuilder
from data.osm.nodes import TagStore
from routing.graph.graph import Edges, Graph, Ids, edges_from_columns
from routing.graph.turns import Restriction, split
from spatial.geo.admin_units import AdminUnits
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import MOTOR
from spatial.rules import Rules

ROUTED = MOTOR.modes


def read_graph(path: Path, region: str = "bench") -> Graph:
    """Return the graph of the roads and ferries of a file, turn restrictions included."""
    return split(*read_edges(path, region))


def read_edges(path: Path, region: str = "bench") -> tuple[Edges, list[Restriction]]:
    """Return the roads and ferries of a file and their turn restrictions."""
    with tempfile.TemporaryDirectory(prefix="sigang-bench-") as name:
        folder = Path(name)
        store = TagStore(folder)
        extract = load._first_pass(path, folder, store)
        nodes = extract.references.finish()
        load._flag_barriers(nodes, store)
        named = {way for relation in extract.relations for way in relation.ways}
        builder = EdgeBuilder(
            f"osm:{region}", nodes, store, extract.delays.finish(), AdminUnits({}), named,
            extract.barrages - extract.chambers, [].append,
        )  # fmt: skip
        columns, shapes = _columns(load._second_pass(path, folder, builder, extract))
        turns = [
            dict(zip(osm_turns.COLUMNS, row, strict=True))
            for relation in extract.relations
            for row in osm_turns.turn_rows(
                relation, builder.segments, builder.node_id, builder.source_id
            )
        ]
        turns += [
            dict(zip(osm_turns.COLUMNS, row, strict=True))
            for row in osm_turns.barrier_rows(store, builder.node_id, builder.source_id)
        ]
        known = list(store.ids())
        store.close()
    counts = shapely.get_num_coordinates(shapes).astype(np.int64)
    columns["crossings"] = [builder.node_id(node) for node, tags in known if is_crossing(tags)]
    edges = edges_from_columns(columns, counts, shapely.get_coordinates(shapes), ROAD)
    ids, node_ids = Ids(edges.ids), Ids(edges.node_ids)
    found = [_restriction(edges, ids, node_ids, turn) for turn in turns]
    return edges, [turn for turn in found if turn is not None]


def is_crossing(tags: Mapping[str, str]) -> bool:
    """Tell whether those on foot or a railway cross at a node, as the server reads its tags."""
    marked = tags.get("crossing", "") not in {"no", "unmarked", "informal"}
    railway = tags.get("railway") in {"level_crossing", "tram_level_crossing"}
    return railway or (tags.get("highway") == "crossing" and marked)


def _columns(rows: Any) -> tuple[dict[str, list[Any]], Any]:
    """Return the routed rows of `edge` as columns in the order of their ids, as a load would."""
    kept = [dict(zip(osm_edges.COLUMNS, row, strict=True)) for row in rows]
    kept = sorted((row for row in kept if row["mode"] in ROUTED), key=lambda row: row["id"].bytes)
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in kept:
        row["access"] = orjson.dumps(row["access"]).decode()
        row["source"] = row["source_id"]
        met = row["props"].get("delays")
        row["delays"] = met and orjson.dumps(met).decode()
        row["roundabout"] = row["props"].get("junction") in ("roundabout", "circular")
        for column, value in row.items():
            columns[column].append(value)
    return columns, np.array(columns.pop("geom"), object)


def _restriction(edges: Edges, ids: Ids, node_ids: Ids, turn: dict[str, Any]) -> Restriction | None:
    names = [turn["from_edge"], *turn["via_edges"], turn["to_edge"]]
    numbers = [ids.find(UUID(str(name))) for name in names]
    via = node_ids.find(turn["via_node"]) if turn["via_node"] else None
    if any(n is None for n in numbers) or (turn["via_node"] and via is None):
        return None
    exempt = tuple(turn["exempt"])
    moves = tuple(n for n in numbers if n is not None)
    no_left = turn["props"].get("restriction") == "no_left_turn"
    return Restriction(turn["kind"], moves, via, exempt, no_left, "barrier" in turn["props"])


def shipped_rules() -> Rules:
    """Return the rules as shipped."""
    now = datetime.now(UTC)
    return RuleBook.of(read_rules(), now).at(now)
