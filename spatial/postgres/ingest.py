"""Loading in three steps: stage, validate, swap. A load changes all of its source or nothing.

`loading` opens a `load_run`, runs the swap in one transaction, and closes the run as done, refused
(the file cannot be used) or failed. Refused rows are kept in `quarantine` with their reason also
when the load as a whole is refused, so that they can be mended and come back.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from spatial.csv_text import plain_text
from spatial.errors import NotFound, Quarantined
from spatial.json_types import Json, JsonObject
from spatial.networks.model import networks_of
from spatial.postgres.bulk import copy_rows
from spatial.postgres.notices import tell

_SOURCE = """
SELECT id, title_zh, title_en, license, attribution, license_url, url, version, datum, owner, props
FROM sigang.source WHERE id = %s"""

NO_LOAD = UUID(int=0)
"""Id of a load that was only tried."""


@dataclass(frozen=True)
class SourceInfo:
    """Who a data set comes from and under which terms; one row of `source`."""

    id: str
    title_zh: str
    title_en: str
    license: str
    attribution: str
    license_url: str | None = None
    url: str | None = None
    version: str | None = None
    datum: str = "WGS84"
    owner: str | None = None
    props: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class BadRow:
    """A refused row: its number in the file, a stable reason, what is wrong, the row itself."""

    row_no: int | None
    reason: str
    detail: str
    row: Mapping[str, object]


@dataclass(frozen=True)
class LoadReport:
    """What a load did: rows per table, refused rows per reason, and what else it tells."""

    load_id: UUID
    source_id: str
    rows: Mapping[str, int]
    refused: Mapping[str, int]
    told: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows_ok(self) -> int:
        """Return the number of rows now in the database from this load."""
        return sum(self.rows.values())

    @property
    def rows_bad(self) -> int:
        """Return the number of rows in quarantine."""
        return sum(self.refused.values())


class Run:
    """A load in progress; rows go in through it, so that each carries its provenance."""

    def __init__(self, conn: psycopg.Connection, load_id: UUID, source_id: str) -> None:
        self.conn = conn
        self.load_id = load_id
        self.source_id = source_id
        self.rows: Counter[str] = Counter()
        self.bad: list[BadRow] = []
        self.told: Counter[str] = Counter()

    def clear(self, *tables: str) -> dict[str, int]:
        """Delete the rows that earlier loads of this source put into tables; return how many."""
        gone = {}
        for table in tables:
            statement = sql.SQL("DELETE FROM {} WHERE source_id = %s")
            name = sql.Identifier("sigang", table)
            gone[table] = self.conn.execute(statement.format(name), [self.source_id]).rowcount
        return gone

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Insert rows by COPY and count them."""
        sent = copy_rows(self.conn, table, columns, rows)
        self.rows[table] += sent
        return sent

    def refuse(self, bad: BadRow) -> None:
        """Put a row into quarantine."""
        self.bad.append(bad)

    def raise_topology(self, modes: Iterable[str]) -> None:
        """Tell routing that the networks of these edge modes have changed."""
        networks = networks_of(modes)
        self.conn.execute(
            "UPDATE sigang.network_version SET topology = topology + 1, version = version + 1,"
            " changed_at = now() WHERE network = ANY(%s)",
            [networks],
        )
        for network in networks:
            tell(self.conn, "network", network=network)

    def report(self) -> LoadReport:
        """Return the totals so far."""
        refused = Counter(bad.reason for bad in self.bad)
        return LoadReport(
            self.load_id, self.source_id, dict(+self.rows), dict(refused), dict(self.told)
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def loading(
    conn: psycopg.Connection,
    source: SourceInfo,
    path: Path | None,
    kind: str,
    options: Mapping[str, object],
) -> Iterator[Run]:
    """Record a load of `path`, and commit all that happens inside, or nothing of it.

    Without a path the rows of the source are removed.
    """
    conn.commit()
    load_id = _open_run(conn, source, path, kind, options)
    run = Run(conn, load_id, source.id)
    try:
        conn.execute("SET LOCAL jit = off")  # row triggers compile longer than they run
        save_source(conn, source)
        yield run
        _close_run(run, "done")
        conn.commit()
    except BaseException as error:
        conn.rollback()
        run.rows.clear()
        _close_run(run, "refused" if isinstance(error, Quarantined) else "failed")
        conn.commit()
        raise


@contextmanager
def trying(
    conn: psycopg.Connection, source: SourceInfo, bad_rows: Path | None = None
) -> Iterator[Run]:
    """Go through a load and undo all of it: no row and no run stays.

    Refused rows are written to a file, if there is one, also when the load as a whole is refused.
    """
    conn.commit()
    run = Run(conn, NO_LOAD, source.id)
    try:
        conn.execute("SET LOCAL jit = off")
        save_source(conn, source)
        yield run
    finally:
        conn.rollback()
        if bad_rows is not None:
            write_bad_rows(run.bad, bad_rows)


def _open_run(
    conn: psycopg.Connection,
    source: SourceInfo,
    path: Path | None,
    kind: str,
    options: Mapping[str, object],
) -> UUID:
    file = (path.name, sha256_of(path)) if path else (None, None)
    row = conn.execute(
        "INSERT INTO sigang.load_run (source_id, file, sha256, kind, options, state)"
        " VALUES (%s, %s, %s, %s, %s, 'running') RETURNING id",
        [source.id, *file, kind, Jsonb(dict(options))],
    ).fetchone()
    conn.commit()
    if row is None:
        raise LookupError("the new load_run has no id")
    return UUID(str(row[0]))


def _close_run(run: Run, state: str) -> None:
    copy_rows(
        run.conn,
        "quarantine",
        ("load_id", "row_no", "reason", "detail", "row"),
        ((run.load_id, b.row_no, b.reason, b.detail, _plain(b.row)) for b in run.bad),
    )
    run.conn.execute(
        "UPDATE sigang.load_run SET state = %s, rows_ok = %s, rows_bad = %s, finished_at = now(),"
        " options = options || %s WHERE id = %s",
        [state, sum(run.rows.values()), len(run.bad), Jsonb(_receipt(run)), run.load_id],
    )


def _receipt(run: Run) -> JsonObject:
    """Return what a load did with its rows, where it tells more than their number."""
    return {"did": dict(run.told)} if run.told else {}


def find_source(conn: psycopg.Connection, source_id: str) -> SourceInfo | None:
    """Return a registered source, None where there is none."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_SOURCE, [source_id]).fetchone()
    return SourceInfo(**row) if row else None


def save_source(conn: psycopg.Connection, source: SourceInfo) -> None:
    """Insert or refresh the row of a source."""
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, license_url, attribution,"
        " version, url, datum, owner, props, updated_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now())"
        " ON CONFLICT (id) DO UPDATE SET title_zh = excluded.title_zh,"
        " title_en = excluded.title_en, license = excluded.license,"
        " license_url = excluded.license_url, attribution = excluded.attribution,"
        " version = excluded.version, url = excluded.url, datum = excluded.datum,"
        " owner = excluded.owner, props = excluded.props, updated_at = now()",
        [
            source.id,
            source.title_zh,
            source.title_en,
            source.license,
            source.license_url,
            source.attribution,
            source.version,
            source.url,
            source.datum,
            source.owner,
            Jsonb(dict(source.props)),
        ],
    )


def _plain(row: Mapping[str, object]) -> JsonObject:
    """Return a row that JSON can hold: not-a-number as text, anything unknown as text."""
    return {storable(str(key)): _plain_value(value) for key, value in row.items()}


def _plain_value(value: object) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, int | float | bool):
        return value
    return storable(str(value))


def storable(text: str) -> str:
    """Return a text as the database can hold it: NUL and halves of characters are marked."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def export_quarantine(conn: psycopg.Connection, load_id: UUID, path: Path) -> int:
    """Write the refused rows of a load to a .geojson or .csv file and return their number.

    Each row is as it was in the file; `refused_row`, `refused_for` and `refused_detail` follow.

    Raises
    ------
    NotFound
        There is no such load.
    """
    rows = conn.execute(
        "SELECT row_no, reason, detail, row FROM sigang.quarantine WHERE load_id = %s ORDER BY id",
        [load_id],
    ).fetchall()
    if conn.execute("SELECT 1 FROM sigang.load_run WHERE id = %s", [load_id]).fetchone() is None:
        raise NotFound(f"no load {load_id}", f"没有装载 {load_id}")
    return write_bad_rows([BadRow(*row) for row in rows], path)


def write_bad_rows(rows: Sequence[BadRow], path: Path) -> int:
    """Write refused rows to a .geojson or .csv file and return their number."""
    flat = [
        {
            **_plain(bad.row),
            "refused_row": bad.row_no,
            "refused_for": bad.reason,
            "refused_detail": bad.detail,
        }
        for bad in rows
    ]
    if path.suffix.lower() in {".geojson", ".json"}:
        _write_geojson(path, flat)
    else:
        _write_csv(path, flat)
    return len(flat)


def _write_geojson(path: Path, rows: list[JsonObject]) -> None:
    features = [
        {"type": "Feature", "geometry": row.pop("geometry", None), "properties": row}
        for row in rows
    ]
    body = {"type": "FeatureCollection", "features": features}
    path.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _write_csv(path: Path, rows: list[JsonObject]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names or ["refused_row", "refused_for", "refused_detail"])
        writer.writeheader()
        for row in rows:
            writer.writerow({k: _cell(v) for k, v in row.items()})


def _cell(value: Json) -> Json:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return plain_text(value) if isinstance(value, str) else value
