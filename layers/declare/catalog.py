"""The catalogue: every declaration read, checked and resolved, or the start stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, cast

from pydantic import Field

from layers.declare.base import Declaration, Text
from layers.declare.layer import Access, Identifier, Layer
from layers.declare.reading import Reading, checked, wrong
from layers.declare.relation import Relation, resolve
from layers.declare.style_check import check_legend, check_style
from spatial.actor import Actor
from spatial.errors import BadParameter, ConfigError, NotFound
from spatial.rule_files import UNREAD, list_unread
from spatial.schema.declared_kinds import declare

P = TypeVar("P")


class Area(Declaration):
    """One folder of declarations: `area.toml` names it."""

    id: str = Field(pattern=Identifier)
    title: Text
    order: int = 100


@dataclass(frozen=True)
class Declared:
    """The layers of a folder, and what was read after them: what further parts stand on."""

    reading: Reading
    areas: Mapping[str, Area]
    layers: Mapping[str, Layer]
    relations: Mapping[str, Relation]
    _parts: dict[Part[object], object] = field(default_factory=dict)

    def part(self, read: Part[P]) -> P:
        """Return a part, read now where it was not yet.

        Raises
        ------
        ConfigError
            A declaration is wrong; names file and key.
        """
        if read not in self._parts:
            self._parts[read] = read(self)
        return cast(P, self._parts[read])


Part = Callable[[Declared], P]
"""Reads further declarations of the same folder, resolved against the layers: a part of the
catalogue, exchanged with them and found by the function that read it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All declarations as they were read at one time; never changed, only replaced."""

    version: str
    areas: Mapping[str, Area]
    layers: Mapping[str, Layer]
    relations: Mapping[str, Relation]
    parts: Mapping[Part[object], object]


class Catalog:
    """The declarations that a server serves; `reload` swaps them at once or not at all."""

    def __init__(self, folder: Path, parts: tuple[Part[object], ...], snapshot: Snapshot) -> None:
        self._folder = folder
        self._parts = parts
        self._now = snapshot

    @classmethod
    def load(cls, folder: Path, *parts: Part[object]) -> Catalog:
        """Read a folder of areas, its layers and the parts asked for.

        Raises
        ------
        ConfigError
            A declaration is wrong; names file and key.
        """
        return cls(folder, parts, read(folder, parts))

    def reload(self) -> bool:
        """Read the folder again; return whether anything changed.

        Raises
        ------
        ConfigError
            A declaration is wrong; the old ones stay.
        """
        new = read(self._folder, self._parts)
        changed = new.version != self._now.version
        self._now = new
        return changed

    @property
    def version(self) -> str:
        """Digest of all declarations."""
        return self._now.version

    @property
    def areas(self) -> Mapping[str, Area]:
        """Areas by id, in their order."""
        return self._now.areas

    @property
    def layers(self) -> Mapping[str, Layer]:
        """Layers by id, in the order of areas and then of layers."""
        return self._now.layers

    def part(self, read: Part[P]) -> P:
        """Return a part that the catalogue was loaded with."""
        return cast(P, self._now.parts[read])

    def get_layer(self, layer_id: str, actor: Actor | None = None) -> Layer:
        """Return a layer; for an actor only one that it may read.

        Raises
        ------
        NotFound
            No such layer, or none for this actor: both look the same.
        """
        return self.get_relation(layer_id, actor).layer

    def get_relation(self, layer_id: str, actor: Actor | None = None) -> Relation:
        """Return a layer resolved against the schema; for an actor only one it may read.

        Raises
        ------
        NotFound
            No such layer, or none for this actor: both look the same.
        """
        found = self._now.relations.get(layer_id)
        if found is None or not (actor is None or may_read(found.layer, actor)):
            raise NotFound(
                f"No collection {layer_id!r}",
                f"没有图层 {layer_id!r}",
                mend_en="/api/collections lists what you may read; some need a sign-in.",
                mend_zh="/api/collections 列出可读图层；部分图层需要登录。",
            )
        return found

    def list_layers(self, actor: Actor | None = None) -> list[Layer]:
        """Return all layers, or those that an actor may read."""
        every = self._now.layers.values()
        return [layer for layer in every if actor is None or may_read(layer, actor)]


def may_read(layer: Layer, actor: Actor) -> bool:
    """Tell whether an actor may read a layer at all; of rows tells `layers.query.row_scope`."""
    return may_read_by(layer.access, actor)


def may_read_by(access: Access, actor: Actor) -> bool:
    """Tell whether an actor may read what has such an access."""
    if access.public:
        return True
    if actor.anonymous:
        return False
    return not access.roles or actor.role in ("admin", *access.roles)


def read(folder: Path, parts: tuple[Part[object], ...] = ()) -> Snapshot:
    """Read and resolve all declarations below a folder.

    Raises
    ------
    ConfigError
        A declaration is wrong; names file and key.
    """
    if not folder.is_dir():
        raise ConfigError(f"No folder {folder}", f"没有目录 {folder}")
    declared = _declared(Reading(folder))
    read_parts = {part: declared.part(part) for part in parts}
    return Snapshot(
        version=declared.reading.version,
        areas=declared.areas,
        layers=declared.layers,
        relations=declared.relations,
        parts=MappingProxyType(read_parts),
    )


def check_names(declared: Declared) -> None:
    """Refuse a file that nobody reads for the name that it has: a part of a whole catalogue.

    Raises
    ------
    ConfigError
    """
    for path in list_unread(declared.reading.folder):
        raise wrong(path, "name", UNREAD)


def _declared(reading: Reading) -> Declared:
    """Return the areas and layers of a folder, in their order."""
    areas = sorted(
        (_area(path, reading) for path in sorted(reading.folder.glob("*/area.toml"))),
        key=lambda area: (area.order, area.id),
    )
    relations: dict[str, Relation] = {}
    of_kind: dict[str, str] = {}
    for path in sorted(reading.folder.glob("*/*.layer.toml")):
        relation = _layer(path, reading, {area.id for area in areas})
        other = relations.setdefault(relation.layer.id, relation)
        if other is not relation:
            raise wrong(path, "id", f"{relation.layer.id} is declared twice")
        for kind in relation.layer.source.kinds if relation.layer.props else ():
            if of_kind.setdefault(kind, relation.layer.id) != relation.layer.id:
                raise wrong(path, "props", f"{kind} has them in {of_kind[kind]}.layer.toml")
    place = {area.id: number for number, area in enumerate(areas)}
    ordered = sorted(
        relations.values(), key=lambda r: (place[r.layer.area], r.layer.order, r.layer.id)
    )
    return Declared(
        reading=reading,
        areas=MappingProxyType({area.id: area for area in areas}),
        layers=MappingProxyType({r.layer.id: r.layer for r in ordered}),
        relations=MappingProxyType({r.layer.id: r for r in ordered}),
    )


def _area(path: Path, reading: Reading) -> Area:
    return checked(Area, path, {"id": path.parent.name, **reading.document(path)})


def _layer(path: Path, reading: Reading, areas: set[str]) -> Relation:
    document = reading.document(path)
    if path.parent.name not in areas:
        raise wrong(path.parent / "area.toml", "title", "the area has no area.toml")
    if "area" in document:
        raise wrong(path, "area", "the folder is the area")
    layer = checked(Layer, path, {**document, "area": path.parent.name})
    if path.name != f"{layer.id}.layer.toml":
        raise wrong(path, "id", f"the file must be called {layer.id}.layer.toml")
    try:
        declare(layer.source, layer.geometry, layer.props)
        check_style(layer.style, layer.tiles)
        check_legend(layer.legend)
        return resolve(layer)
    except BadParameter as error:
        raise wrong(path, "source.filter", error.en) from error
    except ValueError as error:
        key, _, why = str(error).partition(": ")
        raise wrong(path, key, why) from error
