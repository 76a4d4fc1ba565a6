"""SQL functions that stand beside the layers that they feed: `areas/<area>/*.sql`."""

from __future__ import annotations

from pathlib import Path

import psycopg

from spatial.faults import wrong_file
from spatial.toml_file import Unreadable, read_bytes


def apply_functions(conn: psycopg.Connection, folder: Path) -> list[str]:
    """Create or replace the functions of a folder of areas, by the schema's owner.

    Each file holds `CREATE OR REPLACE FUNCTION` statements in schema `sigang`, SECURITY INVOKER.
    The caller commits, so that a wrong file changes nothing.

    Raises
    ------
    ConfigError
        A file is no valid SQL; names it.
    """
    applied = []
    for path in sorted(folder.glob("*/*.sql")):
        name = f"{path.parent.name}/{path.name}"
        try:
            conn.execute(read_bytes(path))
        except (psycopg.Error, Unreadable) as error:
            raise wrong_file(name, str(error)) from error
        applied.append(name)
    return applied
