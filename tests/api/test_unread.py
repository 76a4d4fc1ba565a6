"""Answers that nobody reads: they hold no connection of the database, and no one else up."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import psycopg

from spatial.postgres.db import connect
from tests.conftest import Server

EXPORT = "/api/collections/roads/items?f=jsonseq&limit=5000"
AT_ONCE = 6
BUSY = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
  AND application_name IN ('sigang_public', 'sigang_app')
  AND state <> 'idle' AND now() - xact_start > interval '1 s'"""


@contextmanager
def unread(server: Server) -> Iterator[socket.socket]:
    """Ask for an export and take nothing of it but its head."""
    at = urlsplit(server.base_url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect((at.hostname, at.port))
        client.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        yield client


def held(conn: psycopg.Connection) -> int:
    row = conn.execute(BUSY).fetchone()
    assert row is not None
    return int(row[0])


def test_unread_exports_hold_nobody_up(server: Server, dispatcher):
    with ExitStack() as stack, connect(server.database_url) as conn:
        conn.autocommit = True
        clients = [stack.enter_context(unread(server)) for _ in range(AT_ONCE)]
        assert all(client.recv(15) == b"HTTP/1.1 200 OK" for client in clients)
        answer = dispatcher.get(EXPORT)
        assert answer.status_code == 200
        assert len(answer.content) > 2**20 * 3  # more than lies in sockets
        deadline = time.monotonic() + 20
        while held(conn) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert held(conn) == 0


def test_clients_that_leave_at_once_fill_no_log(server: Server):
    at = urlsplit(server.base_url)
    log = server.home / "server.log"
    before = log.stat().st_size
    asked = f"GET /api/session HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode()
    for number in range(200):
        with socket.create_connection((at.hostname, at.port), 5) as client:
            reset = struct.pack("ii", 1, 0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            client.sendall(asked * 10)
            time.sleep(number % 5 / 2_000)  # so that some leave while they are answered
    assert "Traceback" not in log.read_text("utf-8")[before:]
