"""Filters as long as may be, each meant to cost a parser, a compiler or the database dearly."""

from layers.cql.parse import MAX_LENGTH


def fitted(begin: str, unit: str, between: str = "", end: str = "") -> str:
    """Return as many units as a filter may hold, between a beginning and an end."""
    room = MAX_LENGTH - len(begin) - len(end) + len(between)
    times = room // (len(unit) + len(between))
    return begin + between.join([unit] * times) + end


def doubled(opening: str, inner: str, closing: str) -> str:
    """Return something in half as many openings as fit and as many closings."""
    times = (MAX_LENGTH - len(inner)) // (len(opening) + len(closing))
    return opening * times + inner + closing * times


HOSTILE = {
    "brackets": fitted("", "("),
    "closed brackets": doubled("(", "id = 1", ")"),
    "NOT": fitted("", "NOT ("),
    "NOT alone": fitted("", "NOT ", "", "true"),
    "IN": fitted("", "id IN ("),
    "polygons": fitted("S_WITHIN(geom, ", "POLYGON(("),
    "polygon brackets": fitted("S_WITHIN(geom, POLYGON", "("),
    "compared": fitted("", "id=("),
    "calls": fitted("", "CASEI("),
    "arrays": fitted("A_EQUALS(id, ", "("),
    "collections": fitted("S_WITHIN(geom, ", "GEOMETRYCOLLECTION("),
    "minuses": fitted("id = ", "- "),
    "plus": fitted("id = 1", "+1"),
    "powers": fitted("id = 2", "^2"),
    "remainders": fitted("id = 2", "%2"),
    "error in brackets": "(" * 19 + fitted("", "id = 1 AND ")[:-40] + "!",
    "error at the end": fitted("", "id = 1 OR ", "", "id ="),
    "AND": fitted("", "true", " AND "),
    "OR": fitted("", "origin=''", " OR "),
    "both": fitted("", "id IS NULL AND origin IS NULL", " OR "),
    "long number": "id = " + "9" * (MAX_LENGTH - 5),
    "long fraction": "id = 0." + "1" * (MAX_LENGTH - 7),
    "long exponent": "id = 1e" + "9" * (MAX_LENGTH - 7),
    "quotes": fitted("origin = ", "'"),
    "open text": fitted("origin = '", "''", "", "x"),
    "escapes": fitted("origin = '", "\\\\"),
    "names": fitted("", "a."),
    "quoted name": fitted("", '""'),
    "numbers in a list": fitted("id IN (", "1", ",", ")"),
    "texts in a list": fitted("origin IN (", "''", ",", ")"),
    "properties in a list": fitted("origin IN (", "origin", ",", ")"),
    "positions": fitted("S_WITHIN(geom, LINESTRING(", "1 1,2 2", ",", "))"),
    "points": fitted("", "S_WITHIN(geom, POINT(120 30))", " OR "),
    "spaces": fitted("true", " ", "", "x"),
    "JSON arrays": fitted("", "["),
    "JSON objects": fitted("", '{"op":"not","args":['),
    "JSON closed": doubled('{"op":"not","args":[', "true", "]}"),
    "JSON geometry": '{"op":"s_within","args":[{"property":"geom"},{"type":"Point","coordinates":'
    + fitted("", "[")[:-80],
}
