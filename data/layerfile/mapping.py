"""The mapping of a layer file: which column becomes what, under which datum and licence.

Read from TOML; `docs/loading.md` explains every key. An unknown key stops with file and key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatial.errors import ConfigError, Quarantined
from spatial.faults import list_faults, wrong_file
from spatial.geo.crs import DATUMS, Datum
from spatial.postgres.ingest import SourceInfo
from spatial.schema.declared_kinds import Title
from spatial.toml_file import Unreadable, parse_toml, read_bytes


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceBlock(_Part):
    """Where the file comes from and under which terms."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,79}$")
    title: Title
    license: str
    attribution: str
    license_url: str | None = None
    url: str | None = None
    version: str | None = None
    owner: str | None = None


class Place(_Part):
    """Where a row without geometry of its own lies; exactly one way of saying it."""

    lon: str | None = None
    lat: str | None = None
    pair: str | None = None
    wkt: str | None = None
    route: str | None = None
    stake: str | None = None
    stake_to: str | None = None
    side: str | None = None
    admin_code: str | None = None

    @property
    def way(self) -> str:
        """Return which way is used: columns, pair, wkt, stake, admin_code, or nothing."""
        ways = [
            name
            for name, used in (
                ("columns", self.lon or self.lat),
                ("pair", self.pair),
                ("wkt", self.wkt),
                ("stake", self.stake or self.route),
                ("admin_code", self.admin_code),
            )
            if used
        ]
        return ways[0] if len(ways) == 1 else ("" if not ways else "several")


class Quality(_Part):
    """Which rules judge the rows; a row that breaks one goes to quarantine."""

    duplicate_id: bool = True
    self_intersection: bool = True
    outside_unit: bool = True
    outside_tolerance_m: float = Field(default=0.0, ge=0)
    dangling_edge: bool = False
    least_component: int = Field(default=0, ge=0)
    max_bad_share: float = Field(default=1.0, ge=0, le=1)


class FileMapping(_Part):
    """What any mapping says of a file: its datum, its source, and who sees its rows."""

    datum: Datum
    source: SourceBlock
    crs: str | None = None
    encoding: str | None = None
    origin: Literal["real", "derived", "schematic", "synthetic"] = "real"
    visibility: Literal["public", "unit", "province"] = "unit"
    unit_id: str | None = None

    @property
    def source_info(self) -> SourceInfo:
        """Return the row of `source` that this file's rows point to."""
        block = self.source
        return SourceInfo(
            id=block.id,
            title_zh=block.title.zh,
            title_en=block.title.en,
            license=block.license,
            attribution=block.attribution,
            license_url=block.license_url,
            url=block.url,
            version=block.version,
            datum=self.datum,
            owner=block.owner,
            props={"origin": self.origin},
        )


class LayerMapping(FileMapping):
    """A whole mapping file of a layer."""

    kind: str | None = None
    table: str | None = None
    layer: str | None = None
    key: str | None = None
    admin_code: str | None = None
    columns: dict[str, str] = {}
    values: dict[str, Any] = {}
    translate: dict[str, dict[str, Any]] = {}
    props: dict[str, str] = {}
    attributes: list[str] = []
    place: Place = Place()
    quality: Quality = Quality()


F = TypeVar("F", bound=FileMapping)
M = TypeVar("M", bound=LayerMapping)


def read_mapping(path: Path) -> LayerMapping:
    """Read and check the mapping file of a layer; raises like `read_mapping_as`."""
    return read_mapping_as(LayerMapping, path)


def read_mapping_as(model: type[M], path: Path) -> M:
    """Read and check a mapping whose rows are placed one way; raises like `read_file_mapping`."""
    mapping = read_file_mapping(model, path)
    if mapping.place.way == "several":
        raise ConfigError(
            f"{path.name}: [place] names more than one way", f"{path.name}：[place] 只能用一种方式"
        )
    return mapping


def read_file_mapping(model: type[F], path: Path) -> F:
    """Read and check a mapping file.

    Raises
    ------
    Quarantined
        The datum is not declared: coordinates of unknown datum are refused.
    ConfigError
        The file is not TOML, or a key is unknown, missing or wrong; file and key are named.
    """
    try:
        content = parse_toml(read_bytes(path))
    except Unreadable as error:
        raise wrong_file(path.name, str(error)) from error
    if "datum" not in content:
        raise Quarantined(
            f"{path.name} declares no datum; without one no coordinate can be trusted",
            f"{path.name} 未声明坐标基准（datum），无法采信坐标",
            mend_en=f"Add datum = one of {', '.join(DATUMS)}.",
            mend_zh=f"请写明 datum，可选 {'、'.join(DATUMS)}。",
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        key, why = list_faults(error, model, content)[0]
        raise _wrong_key(path, key, why) from error


def _wrong_key(path: Path, key: str, why: str) -> ConfigError:
    return wrong_file(
        path.name,
        key,
        why,
        mend_en="docs/loading.md lists all keys.",
        mend_zh="所有键见 docs/loading.md。",
    )
