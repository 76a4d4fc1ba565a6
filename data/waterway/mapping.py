"""The mapping of an authority's waterways: one file a table, what its columns are, their datum."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from data.layerfile.mapping import FileMapping, LayerMapping, Place
from data.waterway.tables import ROWS


class TableFile(BaseModel):
    """One table: its file beside the mapping, and what its columns are called there."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    encoding: str | None = None
    layer: str | None = None
    crs: str | None = None
    columns: dict[str, str] = {}
    values: dict[str, object] = {}
    translate: dict[str, dict[str, object]] = {}
    place: Place = Place()


class WaterwayMapping(FileMapping):
    """A whole mapping: the head of a layer file's, and a table each for what waterways have."""

    max_bad_share: float = Field(default=1.0, ge=0, le=1)
    reaches: TableFile | None = None
    sites: TableFile | None = None
    openings: TableFile | None = None
    limits: TableFile | None = None
    levels: TableFile | None = None

    def tables(self) -> Iterator[tuple[str, TableFile]]:
        """Yield the tables that there are, in the order in which they name each other."""
        for name in ROWS:
            table = getattr(self, name)
            if table is not None:
                yield name, table

    def layer_mapping(self, table: TableFile) -> LayerMapping:
        """Return the mapping that a table is read and placed by."""
        return LayerMapping(
            datum=self.datum, source=self.source, crs=table.crs or self.crs,
            encoding=table.encoding or self.encoding, layer=table.layer, place=table.place,
        )  # fmt: skip
