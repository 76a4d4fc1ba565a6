"""Fixtures of the loaders."""

from pathlib import Path

import psycopg
import pytest
import shapely

from data.layerfile.load import load_layer
from spatial.ids import uuid7
from spatial.postgres.bulk import copy_rows
from spatial.postgres.ingest import SourceInfo, save_source


@pytest.fixture
def load_file(conn: psycopg.Connection, tmp_path: Path):
    def run(file: Path, mapping: str, kind: str | None = None):
        path = tmp_path / "map.toml"
        path.write_text(mapping, encoding="utf-8")
        return load_layer(conn, file, kind, path, lambda line: None)

    return run


@pytest.fixture
def units(conn: psycopg.Connection) -> None:
    """Load two square units: 330100 west of 121°E, 330200 east of it."""
    save_source(conn, SourceInfo("units", "区划", "Units", "CC0-1.0", "test"))
    squares = {"330100": (119.5, 29.5, 121.0, 31.0), "330200": (121.0, 29.5, 122.0, 31.0)}
    copy_rows(
        conn,
        "zone",
        ("id", "kind", "level", "admin_code", "origin", "source_id", "geom"),
        [
            (uuid7(), "admin", "prefecture", code, "real", "units",
             shapely.multipolygons([shapely.box(*box)]))
            for code, box in squares.items()
        ],
    )  # fmt: skip
    conn.commit()
