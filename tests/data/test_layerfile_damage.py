"""Damaged files are refused as files, never with an error of a library."""

import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from data.layerfile.mapping import LayerMapping, SourceBlock, Title
from data.layerfile.read import read_table
from spatial.errors import Quarantined
from tests.data.layerfiles import frame, table, write_csv

MAPPING = LayerMapping(
    datum="WGS84",
    source=SourceBlock(id="s", title=Title(zh="", en=""), license="x", attribution="x"),
)


def geojson(path: Path) -> None:
    path.write_text(frame(table()).to_json(), encoding="utf-8")


def parquet(path: Path) -> None:
    frame(table()).to_parquet(path)


def geopackage(path: Path) -> None:
    frame(table()).to_file(path)


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in table():
        book.active.append(list(row.values()))
    book.save(path)


def shapefile(path: Path) -> None:
    frame(table()).to_file(path.with_suffix(".shp"), encoding="GBK")
    with zipfile.ZipFile(path, "w") as archive:
        for part in path.parent.glob(f"{path.stem}.*"):
            if part != path:
                archive.write(part, part.name)


WRITERS = {
    "a.geojson": geojson,
    "a.parquet": parquet,
    "a.gpkg": geopackage,
    "a.xlsx": workbook,
    "a.zip": shapefile,
    "a.csv": lambda path: write_csv(path, table(), "gb18030"),
}


@pytest.fixture(scope="module", params=WRITERS)
def whole(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("whole") / request.param
    WRITERS[request.param](path)
    assert len(read_table(path, MAPPING).rows) > 0
    return path


def read_or_refuse(path: Path) -> None:
    try:
        read_table(path, MAPPING)
    except Quarantined as error:
        assert path.name in error.en


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_cut_off(whole: Path, tmp_path: Path, share: float) -> None:
    data = whole.read_bytes()
    path = tmp_path / whole.name
    path.write_bytes(data[: int(len(data) * share)])
    read_or_refuse(path)


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes(whole: Path, tmp_path: Path, seed: int) -> None:
    data, chance = bytearray(whole.read_bytes()), random.Random(seed)
    for _ in range(20):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path / whole.name
    path.write_bytes(data)
    read_or_refuse(path)
