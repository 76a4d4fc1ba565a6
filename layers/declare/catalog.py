"""The catalogue: every declaration read, checked and resolved, or the start stops."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from layers.declare.base import Declaration, Text
from layers.declare.layer import Identifier, Layer
from layers.declare.relation import Relation, resolve
from spatial.actor import Actor
from spatial.errors import BadParameter, ConfigError, NotFound
from spatial.toml_file import Unreadable, parse_toml, read_bytes

D = TypeVar("D", bound=Declaration)


class Area(Declaration):
    """One folder of declarations: `area.toml` names it."""

    id: str = Field(pattern=Identifier)
    title: Text
    order: int = 100


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All declarations as they were read at one time; never changed, only replaced."""

    version: str
    areas: Mapping[str, Area]
    layers: Mapping[str, Layer]
    relations: Mapping[str, Relation]


class Catalog:
    """The declarations that a server serves; `reload` swaps them at once or not at all."""

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        self._folder = folder
        self._now = snapshot

    @classmethod
    def load(cls, folder: Path) -> Catalog:
        """Read a folder of areas.

        Raises
        ------
        ConfigError
            A declaration is wrong; names file and key.
        """
        return cls(folder, read(folder))

    def reload(self) -> bool:
        """Read the folder again; return whether anything changed.

        Raises
        ------
        ConfigError
            A declaration is wrong; the old ones stay.
        """
        new = read(self._folder)
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
    if layer.access.public:
        return True
    if actor.anonymous:
        return False
    return not layer.access.roles or actor.role in ("admin", *layer.access.roles)


def read(folder: Path) -> Snapshot:
    """Read and resolve all declarations below a folder.

    Raises
    ------
    ConfigError
        A declaration is wrong; names file and key.
    """
    if not folder.is_dir():
        raise ConfigError(f"No folder {folder}", f"没有目录 {folder}")
    digest = hashlib.blake2b(digest_size=8)
    areas = sorted(
        (_area(path, digest) for path in sorted(folder.glob("*/area.toml"))),
        key=lambda area: (area.order, area.id),
    )
    relations: dict[str, Relation] = {}
    for path in sorted(folder.glob("*/*.layer.toml")):
        relation = _layer(path, digest, {area.id for area in areas})
        other = relations.setdefault(relation.layer.id, relation)
        if other is not relation:
            raise _wrong(path, "id", f"{relation.layer.id} is declared twice")
    place = {area.id: number for number, area in enumerate(areas)}
    ordered = sorted(
        relations.values(), key=lambda r: (place[r.layer.area], r.layer.order, r.layer.id)
    )
    return Snapshot(
        version=digest.hexdigest(),
        areas=MappingProxyType({area.id: area for area in areas}),
        layers=MappingProxyType({r.layer.id: r.layer for r in ordered}),
        relations=MappingProxyType({r.layer.id: r for r in ordered}),
    )


def _area(path: Path, digest: Any) -> Area:
    document = _document(path, digest)
    return _checked(Area, path, {"id": path.parent.name, **document})


def _layer(path: Path, digest: Any, areas: set[str]) -> Relation:
    document = _document(path, digest)
    if path.parent.name not in areas:
        raise _wrong(path.parent / "area.toml", "title", "the area has no area.toml")
    if "area" in document:
        raise _wrong(path, "area", "the folder is the area")
    layer = _checked(Layer, path, {**document, "area": path.parent.name})
    if path.name != f"{layer.id}.layer.toml":
        raise _wrong(path, "id", f"the file must be called {layer.id}.layer.toml")
    try:
        return resolve(layer)
    except BadParameter as error:
        raise _wrong(path, "source.filter", error.en) from error
    except ValueError as error:
        key, _, why = str(error).partition(": ")
        raise _wrong(path, key, why) from error


def _document(path: Path, digest: Any) -> dict[str, Any]:
    try:
        data = read_bytes(path)
        digest.update(f"{path.parent.name}/{path.name}\0{len(data)}\0".encode() + data)
        return parse_toml(data)
    except Unreadable as error:
        raise _wrong(path, "TOML", str(error)) from error


def _checked(model: type[D], path: Path, document: dict[str, Any]) -> D:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _wrong(path, key, first["msg"]) from error


def _wrong(path: Path, key: str, why: str) -> ConfigError:
    where = f"{path.parent.name}/{path.name}"
    return ConfigError(
        f"{where}: {key}: {why}",
        f"{where}：{key}：{why}",
        mend_en="docs/layers.md lists every key of a declaration.",
        mend_zh="docs/layers.md 列出声明的所有键。",
        file=str(path),
        key=key,
    )
