"""The metadata equals the migrated database."""

from __future__ import annotations

import re

import psycopg
import pytest
from sqlalchemy.dialects import postgresql

from spatial.postgres import migrate
from spatial.schema.tables import metadata

CREATED = re.compile(r"CREATE TABLE sigang\.(\w+) \(")
INTERNAL = {"tile_change", "indicator_series"}

COLUMNS = """
SELECT c.relname, a.attname, lower(format_type(a.atttypid, a.atttypmod)), a.attnotnull
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'sigang'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped
"""

KEYS = """
SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary AND c.relnamespace = 'sigang'::regnamespace AND NOT c.relispartition
"""


def type_name(column) -> str:
    name = column.type.compile(dialect=postgresql.dialect()).lower()
    return name.replace(", ", ",")


def declared() -> dict[tuple[str, str], tuple[str, bool]]:
    return {
        (table.name, column.name): (type_name(column), not column.nullable)
        for table in metadata.sorted_tables
        for column in table.columns
    }


@pytest.mark.db
def test_metadata_equals_the_database(database_url):
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(COLUMNS).fetchall()
        keys = set(conn.execute(KEYS).fetchall())
    ours = declared()
    tables = {table for table, _ in ours}
    found = {(t, c): (type_, must) for t, c, type_, must in rows if t in tables}
    assert found == ours
    declared_keys = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.primary_key
    }
    assert {key for key in keys if key[0] in tables} == declared_keys


def test_every_table_of_the_migrations_is_declared():
    texts = [path.read_text("utf-8") for path in (migrate.FOLDER / "versions").glob("0*.py")]
    made = {name for text in texts for name in CREATED.findall(text)}
    assert made - INTERNAL == {table.name for table in metadata.sorted_tables}
