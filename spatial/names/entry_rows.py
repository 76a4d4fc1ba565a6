"""The pieces of the search's entries, made anew where their names have changed."""

from __future__ import annotations

import psycopg

from spatial.names.forms import grams_of_names

_UNREAD = """
SELECT layer, feature_id, array_remove(ARRAY[label_zh, label_en] || aliases, NULL), codes
FROM sigang.search_entry WHERE grams IS NULL"""
_READ = "UPDATE sigang.search_entry SET grams = %s WHERE layer = %s AND feature_id = %s"


def read_pieces(conn: psycopg.Connection) -> int:
    """Cut the names of entries that have no pieces, and return how many there were."""
    unread = conn.execute(_UNREAD).fetchall()
    with conn.cursor() as cursor:
        cursor.executemany(
            _READ,
            [
                [grams_of_names(names, codes), layer, feature]
                for layer, feature, names, codes in unread
            ],
        )
    return len(unread)
