"""The media types of what is served."""

from __future__ import annotations

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"
MVT = "application/vnd.mapbox-vector-tile"
PNG = "image/png"
GEOTIFF = "image/tiff; application=geotiff"

MEDIA_TYPES: dict[str, str] = {
    "json": GEOJSON,
    "html": HTML,
    "jsonseq": "application/geo+json-seq",
    "csv": "text/csv; charset=utf-8",
    "fgb": "application/flatgeobuf",
    "parquet": "application/vnd.apache.parquet",
    "gpkg": "application/geopackage+sqlite3",
}
"""Formats of features by the name that `f` takes; whole exports from `jsonseq` on."""
