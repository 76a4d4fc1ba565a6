"""Tiny OpenStreetMap files drawn in code: nodes on a grid of 0.001°, ways as strings of nodes."""

from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Relation, Way

ORIGIN = (120.0, 30.0)


class Map:
    """Nodes are letters of an ASCII map; a way names them in order."""

    def __init__(self, picture: str) -> None:
        self.nodes: dict[str, tuple[int, int]] = {}
        rows = [line for line in picture.splitlines() if line.strip()]
        for row, line in enumerate(rows):
            for column, letter in enumerate(line):
                if letter.isalpha():
                    self.nodes[letter] = (column, len(rows) - row)
        self.origin = ORIGIN
        self.node_tags: dict[str, dict[str, str]] = {}
        self.ways: list[tuple[int, str, dict[str, str]]] = []
        self.relations: list[tuple[list[tuple[str, int, str]], dict[str, str]]] = []

    def ref(self, letter: str) -> int:
        return ord(letter) * 10

    def node(self, letter: str, **tags: str) -> "Map":
        self.node_tags[letter] = {k.replace("__", ":"): v for k, v in tags.items()}
        return self

    def way(self, nodes: str, number: int | None = None, **tags: str) -> "Map":
        clean = {k.replace("__", ":"): v for k, v in tags.items()}
        self.ways.append((number or 100 + len(self.ways), nodes, clean))
        return self

    def restriction(self, members: list[tuple[str, int | str, str]], **tags: str) -> "Map":
        clean = {k.replace("__", ":"): v for k, v in tags.items()}
        listed = [(t, self.ref(r) if isinstance(r, str) else r, role) for t, r, role in members]
        self.relations.append((listed, {"type": "restriction", **clean}))
        return self

    def write(self, path: Path) -> Path:
        with osmium.SimpleWriter(str(path), overwrite=True) as writer:
            for letter in sorted(self.nodes):
                x, y = self.nodes[letter]
                lon = (self.origin[0] + x / 1000 + 180) % 360 - 180
                place = (lon, self.origin[1] + y / 1000)
                tags = self.node_tags.get(letter, {})
                writer.add_node(Node(id=self.ref(letter), location=place, tags=tags, version=1))
            for number, nodes, tags in sorted(self.ways):
                refs = [self.ref(letter) for letter in nodes]
                writer.add_way(Way(id=number, nodes=refs, tags=tags, version=1))
            for number, (members, tags) in enumerate(self.relations):
                writer.add_relation(
                    Relation(id=900 + number, members=members, tags=tags, version=1)
                )
        return path
