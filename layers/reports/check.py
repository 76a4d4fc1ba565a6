"""All that is frozen in a database held against its seals, and counted again from its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from layers.indicators.numbers import Numbers
from layers.indicators.periods import parse_period
from layers.indicators.units import Units
from layers.reports import store
from layers.reports.definitions import Definitions
from layers.reports.document import AUDIENCES, audience_actor
from layers.reports.files import draw_file, drawn_names
from layers.reports.rows import digest_rows, numbers_of, read_corrected, read_groups
from layers.reports.seal import Told, canonical, digest, digits, verifies


def check_stored(conn: store.Conn, keys: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Return the name of each frozen edition with what is wrong with it; nothing where all holds.

    Parameters
    ----------
    conn
        The owner's connection.
    keys
        Public keys that are trusted, as hexadecimal digits.
    """
    for row in store.list_editions(conn):
        name = f"{row['report']} {row['period']} v{row['version']} {row['audience']}"
        yield name, [*_seal(row, keys), *_files(conn, row), *_numbers(conn, row)]


def _seal(row: Told, keys: Collection[str]) -> Iterator[str]:
    text = canonical(row["manifest"])
    if digest(text) != row["sha256"] or not verifies(text, row["signature"], row["key"]):
        yield "the manifest was changed"
    if row["key"] not in keys:
        yield f"the key {row['key']} is not trusted"


def _files(conn: store.Conn, row: Told) -> Iterator[str]:
    document, manifest = row["document"], row["manifest"]
    made = store.read_files(conn, row["version_id"], row["audience"])
    for name in drawn_names(document):
        made[name] = draw_file(name, document, row["outlines"], manifest["changed"])
    for name in sorted(made.keys() | manifest["files"].keys()):
        if name not in made or digest(made[name]) != manifest["files"].get(name):
            yield f"{name} was changed"


def _numbers(conn: store.Conn, row: Told) -> Iterator[str]:
    version, manifest = row["version_id"], row["manifest"]
    if manifest["rows"] is not None:
        count, sha256 = digest_rows(conn, version)
        if manifest["rows"] != {"count": str(count), "sha256": sha256}:
            yield "rows were changed"
    definitions, period = Definitions.load(row["definitions"]), parse_period(row["period"])
    home = definitions.units.home
    audience = next((one for one in AUDIENCES if one == row["audience"]), None)
    if home is None or audience is None:
        yield "its audience is unknown"
        return
    actor = audience_actor(audience, home)
    groups = read_groups(conn, version, definitions)
    before = read_corrected(conn, row["report"], period, row["version"], actor)
    numbers = numbers_of(definitions, groups, actor, period, period.end, before)
    if [_again(numbers, definitions.units, one) for one in manifest["values"]] != (
        manifest["values"]
    ):
        yield "numbers are others than the rows give"


def _again(numbers: Numbers, units: Units, value: list[str | None]) -> list[str | None]:
    """Return a number of a manifest counted anew."""
    key, code = str(value[0]), value[1]
    unit = next(one for one in units.all() if one.code == code)
    number = numbers.of(key, unit)
    if key in numbers.indicators.indices:
        return [key, code, digits(number.value), None]
    return [key, code, digits(number.numerator), digits(number.denominator)]
