"""Search entries are found by pieces of their names, and follow their rows' names and places.

`grams` is null where the names have changed since they were cut into pieces: such an entry is
looked at by every search until the pieces are made anew, so that its new name is found at once.
"""

from __future__ import annotations

from typing import cast

import psycopg
from alembic import op

from spatial.names.entry_rows import read_pieces

revision = "0040"
down_revision = "0039"

_PLACE = {
    "facility": "ST_PointOnSurface(r.geom)",
    "zone": "coalesce(r.centre, ST_PointOnSurface(r.geom))",
    "project": "coalesce(ST_PointOnSurface(r.geom), s.geom)",
    "edge": "ST_LineInterpolatePoint(r.geom, 0.5)",
}
_BBOX = """CASE WHEN ST_Dimension(r.geom) > 0 THEN ARRAY[ST_XMin(r.geom), ST_YMin(r.geom),
      ST_XMax(r.geom), ST_YMax(r.geom)] END"""


def _renamed(table: str) -> str:
    """Return the statement that takes over what the changed rows of a table say now."""
    return f"""
    UPDATE sigang.search_entry s SET label_zh = r.name_zh, label_en = r.name_en, grams = NULL
    FROM changed r WHERE s.feature_id = r.id::text AND coalesce(r.name_zh, r.name_en) IS NOT NULL
      AND s.layer <> 'carriageways'
      AND (s.label_zh, s.label_en) IS DISTINCT FROM (r.name_zh, r.name_en);
    DELETE FROM sigang.search_entry s USING changed r
    WHERE s.feature_id = r.id::text AND coalesce(r.name_zh, r.name_en) IS NULL;
    UPDATE sigang.search_entry s SET geom = {_PLACE[table]}, bbox = {_BBOX}
    FROM changed r WHERE s.feature_id = r.id::text
      AND (s.geom, s.bbox) IS DISTINCT FROM ({_PLACE[table]}, {_BBOX});"""


def _follow(table: str) -> str:
    return f"""
CREATE FUNCTION sigang.search_follows_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM sigang.search_entry s JOIN changed r ON s.feature_id = r.id::text) THEN
    {_renamed(table)}
  END IF;
  RETURN NULL;
END $$"""


def upgrade() -> None:
    """Add aliases and pieces, drop the text that they replace, and make the triggers."""
    op.execute(
        "ALTER TABLE sigang.search_entry ADD aliases text[] NOT NULL DEFAULT '{}',"
        " ADD grams text[], DROP COLUMN haystack"
    )
    op.execute("CREATE INDEX search_grams ON sigang.search_entry USING gin (grams)")
    op.execute("CREATE INDEX search_unread ON sigang.search_entry (layer) WHERE grams IS NULL")
    read_pieces(cast(psycopg.Connection, op.get_bind().connection.driver_connection))
    for table in _PLACE:
        op.execute(_follow(table))
        op.execute(
            f"CREATE TRIGGER search_names AFTER UPDATE ON sigang.{table} REFERENCING NEW TABLE AS"
            f" changed FOR EACH STATEMENT EXECUTE FUNCTION sigang.search_follows_{table}()"
        )


def downgrade() -> None:
    """Drop what `upgrade` made; the text is put together from labels and codes."""
    for table in _PLACE:
        op.execute(f"DROP TRIGGER search_names ON sigang.{table}")
        op.execute(f"DROP FUNCTION sigang.search_follows_{table}()")
    op.execute(
        "ALTER TABLE sigang.search_entry ADD haystack text, DROP COLUMN aliases, DROP COLUMN grams"
    )
    op.execute(
        "UPDATE sigang.search_entry"
        " SET haystack = trim(lower(concat_ws(' ', label_zh, label_en, codes)))"
    )
    op.execute("ALTER TABLE sigang.search_entry ALTER haystack SET NOT NULL")
    op.execute("CREATE INDEX search_trgm ON sigang.search_entry USING gin (haystack gin_trgm_ops)")
