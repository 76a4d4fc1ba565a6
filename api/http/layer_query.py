"""What a request asks of a layer; a long filter is read when it is its caller's turn."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from api.http.concurrency import caller_of, limits_of
from api.http.disconnect import while_connected
from layers.declare.relation import Relation
from layers.query.filter_thread import is_long
from layers.query.filters import Query, parse_query, read_query

LONG_FILTER_S = 0.25
"""What reading a long filter may take of a core; compiling it is a part of what asks for it."""


async def query_of(
    request: Request,
    relation: Relation,
    given: Mapping[str, str],
    others: frozenset[str] = frozenset(),
) -> Query:
    """Return the query that parameters say; see `layers.query.filters.parse_query`.

    Raises
    ------
    BadParameter
        Unknown name, or a value that cannot be used.
    TooMany, Busy
        The filter is long, and too many wait already.
    """
    if not is_long(given.get("filter")):
        return parse_query(relation, given, others)
    reading = read_query(relation, given, others)
    turn = limits_of(request).items.run(caller_of(request), LONG_FILTER_S, reading)
    return await while_connected(request, turn)
