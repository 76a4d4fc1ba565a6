"""What a load could not read, by what it says: counts and ids, of ways, nodes and relations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import osmium

from data.osm.access import not_understood
from data.osm.limits import read_limits
from data.osm.nodes import TagStore
from data.osm.turns import KNOWN_BARRIERS
from spatial.networks.access_values import KEYS

NAMED = 5  # ids of each thing that are told
SHUT = "not understood, shut to whom it concerns"
NODES = "not understood on nodes, shut to whom it concerns"
PASSED_OVER = "not read, counts for nothing"
NO_TURN = "turn restrictions that bar nothing, as their roads do not meet or are not loaded"
NO_ZONE = "areas that keep nobody out unless rule road.clean_zones lists them"

Found = Mapping[str, list[int]]
Item = osmium.osm.Node | osmium.osm.Way | osmium.osm.Relation


def nodes_not_read(store: TagStore) -> Found:
    """Return what barriers and limits on roads say that nobody can read, with ids of nodes."""
    found: dict[str, list[int]] = defaultdict(list)
    for node, _ in store.meetings():
        for said in _not_read(store.between(node, node)[node]):
            found[said].append(node)
    return found


def _not_read(tags: Mapping[str, str]) -> Iterator[str]:
    barrier = tags.get("barrier")
    if barrier is not None and barrier not in KNOWN_BARRIERS:
        yield f"barrier={barrier}"
    if barrier is not None:
        yield from not_understood({key: tags[key] for key in KEYS if key in tags})
    yield from not_understood(read_limits(tags, along=False).own)


def zones_not_read(item: Item) -> Iterator[str]:
    """Yield what a way or relation says of a zone of low emissions, and which of both it is."""
    if item.tags.get("boundary") == "low_emission_zone" and not item.is_node():
        yield f"boundary=low_emission_zone on {'ways' if item.is_way() else 'relations'}"


def lines(title: str, found: Found) -> Iterator[str]:
    """Yield a line for each thing: what it is, how often it is met, and its first ids."""
    for said, ids in sorted(found.items()):
        some = ", ".join(map(str, ids[:NAMED])) + (", …" if len(ids) > NAMED else "")
        yield f"{title}: {said} ({len(ids)}: {some})"
