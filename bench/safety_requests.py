"""Requests that must not stop, blind or fill the server, sent from a loopback address."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

import httpx

from bench.safety_faults import body_of, edges_of
from bench.safety_row import Row, Stand, visitors

SLOW_S = 1.0
"""An answer to a text of 8,192 characters over HTTP takes no longer, also on a busy machine."""
ITEMS = "/api/collections/ports/items"
FAMILIES: tuple[Callable[[int], str], ...] = (
    lambda n: "(" * n, lambda n: "NOT (" * (n // 5), lambda n: "kind IN (" * (n // 9),
    lambda n: "POLYGON((" * (n // 9), lambda n: "kind = (" * (n // 8),
    lambda n: "CASEI(" * (n // 6), lambda n: "- " * (n // 2), lambda n: "kind = '" + "a" * n,
    lambda n: " AND ".join(["kind='a'"] * (n // 13)), lambda n: "1" * n + " = 1",
    lambda n: "(" * (n // 2) + "kind='a'" + ")" * (n // 2),
    lambda n: "(" * (n // 2) + "kind='a' x" + ")" * (n // 2),
)  # fmt: skip
"""Kinds of text by which parsers have been stopped."""


def healthy(stand: Stand, seconds: float = 2.0) -> bool:
    """Tell whether every worker answers soon."""
    with contextlib.suppress(httpx.TransportError):
        return all(stand.get("/healthz", seconds).is_success for _ in range(8))
    return False


def filters(stand: Stand, tries: int = 2_000) -> Row:
    """Send texts that are no filter, nested, long or torn: each is answered soon."""
    chosen, slowest, bad = random.Random(3), 0.0, []
    with visitors(stand) as next_visitor:
        for number in range(tries):
            client = next_visitor()
            text = FAMILIES[number % len(FAMILIES)](chosen.randint(1, 8_192))[:8_192]
            if number % 3 == 0:
                at = chosen.randrange(len(text) + 1)
                text = text[:at] + chosen.choice("()'\",=<>") + text[at + 1 :]
            began = time.perf_counter()
            answer = client.get(ITEMS, params={"filter": text, "limit": 1})
            took = time.perf_counter() - began
            slowest = max(slowest, took)
            if answer.status_code not in (200, 400, 414, 429, 431) or took > SLOW_S:
                bad.append(f"{answer.status_code} in {took:.2f} s: {text[:60]}")
    figure = f"slowest {1e3 * slowest:.0f} ms"
    return Row("filters of 8,192 characters", tries, not bad and healthy(stand), figure, bad)


WORDS = (
    "", "%00", "\x00", "a\x00b", "NaN", "inf", "-1", "1e999", "9" * 400, "'", '"', "\\", "<script>",
    "../../etc/passwd", "%ff", "\ud83d\ude00", "0,0,0,0", "181,91,0,0", "nan,nan,nan,nan", "null",
    "true", "[]", "{}", "2026-02-30", "../..", "GCJ02", "330000", "a" * 4_000, "Infinity,0,0,0",
)  # fmt: skip


def written(word: str) -> str:
    """Return a word as an address holds it; halves of surrogates are question marks."""
    return quote(word.encode("utf-8", "replace"), safe="")


def values(stand: Stand, tries: int = 5_000) -> Row:
    """Put bad values into every parameter of every address that the definition names."""
    chosen, bad, seen = random.Random(5), [], 0
    with visitors(stand) as next_visitor:
        paths = next_visitor().get("/api/openapi.json").json()["paths"]
        asked = [
            (path, [p["name"] for p in item["get"].get("parameters", []) if "name" in p])
            for path, item in paths.items()
            if "get" in item and not path.endswith("/stream")
        ]
        for _ in range(tries):
            path, names = chosen.choice(asked)
            path = re.sub(
                r"{[^}]+}",
                lambda _: quote(chosen.choice(WORDS)[:200], safe="", errors="surrogatepass"),
                path,
            )
            query = "&".join(
                f"{quote(name)}={written(chosen.choice(WORDS))}"
                for name in chosen.sample(names, min(len(names), chosen.randint(0, 3)))
            )
            header = {"Sigang-Purpose": chosen.choice(WORDS).encode("utf-8", "replace")[:200]}
            with contextlib.suppress(httpx.InvalidURL, httpx.LocalProtocolError):
                path = path if path.startswith("/api") else f"/api{path}"
                answer = next_visitor().get(f"{path}?{query}", headers=header)
                seen += 1
                if answer.status_code >= 500 and answer.status_code != 503:
                    bad.append(f"{answer.status_code} {path}?{query}"[:160])
    figure = f"{len(bad)} answers of 5xx"
    return Row("bad values in every parameter", seen, not bad and healthy(stand), figure, bad)


def half_open(stand: Stand, connections: int = 1_500) -> Row:
    """Open connections that never finish a request: others are served, these are closed."""
    host, port = stand.server.base_url.removeprefix("http://").split(":")
    held: list[socket.socket] = []
    for _ in range(connections):
        with contextlib.suppress(OSError):
            one = socket.create_connection((host, int(port)), 2)
            one.sendall(b"GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            held.append(one)
    served = healthy(stand)
    time.sleep(20)
    left = sum(_is_open(one) for one in held)
    for one in held:
        one.close()
    figure = f"{len(held)} opened, others served meanwhile: {served}, {left} left after 20 s"
    return Row("half-open requests", connections, served and not left, figure)


def _is_open(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        while data := one.recv(4096):
            del data
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def large_bodies(stand: Stand, tries: int = 12) -> Row:
    """Send 41 MB bodies of each form, declared and not: refused, and nobody waits for it."""
    bad, slowest = [], 0.0
    forms = (b'{"waypoints": [' + b"[120,30]," * 4_500_000, b"[" * 41_000_000, b"\x00" * 41_000_000)
    with contextlib.closing(stand.server.client("dispatcher")) as client:
        for number in range(tries):
            body, path = forms[number % 3], ("/api/paths", "/api/events")[number % 2]
            given = _parts(body) if number % 4 < 2 else body
            began = time.perf_counter()
            with contextlib.suppress(httpx.TransportError):  # it is cut off while sending
                kind = {"Content-Type": "application/json"}
                status = client.post(path, content=given, headers=kind).status_code
                if status != 413:
                    bad.append(f"{path}: {status}")
            slowest = max(slowest, time.perf_counter() - began)
            if not healthy(stand):
                bad.append(f"{path}: the server does not answer")
    return Row("bodies of 41 MB", tries, not bad, f"refused after {slowest:.2f} s at most", bad)


def _parts(body: bytes):
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


def unread(stand: Stand, readers: int = 16) -> Row:
    """Start exports and read nothing of them: a desk's own export and closure go on."""
    host, port = stand.server.base_url.removeprefix("http://").split(":")
    key, held = stand.server.key("planner"), []
    for _ in range(readers):
        one = socket.create_connection((host, int(port)), 5)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = "/api/collections/roads/items?f=jsonseq"
        one.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        )
        held.append(one)
    time.sleep(2)
    edge = edges_of(stand, 1)[0]
    with contextlib.closing(stand.server.client("dispatcher")) as client:
        began = time.perf_counter()
        exported = client.get("/api/collections/ports/items?f=csv", timeout=60).status_code
        own = time.perf_counter() - began
        began = time.perf_counter()
        event = client.post("/api/events", json=body_of(edge, "beside exports"), timeout=60)
        closed = time.perf_counter() - began
        client.post(f"/api/events/{event.json().get('id')}/undo")
    for one in held:
        one.close()
    figure = f"a desk's export {own:.2f} s, closure {closed:.2f} s"
    held_up = exported == 200 and event.status_code == 201 and own < 10 and closed < 2
    return Row("exports left unread", readers, held_up, figure)


def timeless(answer: httpx.Response) -> str:
    """Return what an answer holds beside the time at which it was made."""
    return re.sub('"timeStamp":"[^"]*"', "", answer.text)


def mixed(stand: Stand, clients: int = 64, requests: int = 40) -> Row:
    """Let many clients of all roles read at once: every answer equals the one given alone."""
    addresses = [
        "/api/collections/ports/items?limit=50", "/api/collections/wim_sites/items?limit=50",
        "/api/collections/events/items", "/api/collections/structures/items?limit=20",
        "/api/search?q=ningbo", "/api/collections/rescue_bases/count", "/api/events?state=open",
    ]  # fmt: skip
    roles = (None, "dispatcher", "planner", "ningbo", "wenzhou", "developer")
    opened = [stand.server.client(role) for role in roles]
    alone = {
        (role, at): timeless(client.get(at))
        for role, client in zip(roles, opened, strict=True)
        for at in addresses
    }
    strange: list[str] = []

    def ask(number: int) -> None:
        client, chosen = opened[number % len(roles)], random.Random(number)
        for _ in range(requests):
            at = chosen.choice(addresses)
            answer = client.get(at, timeout=60)
            if answer.status_code == 429:
                continue
            if timeless(answer) != alone[roles[number % len(roles)], at]:
                strange.append(f"{roles[number % len(roles)]} {at} {answer.status_code}")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in opened:
        client.close()
    figure = f"{clients * requests:,} answers compared, {len(strange)} differ"
    return Row(f"{clients} clients of six roles", clients * requests, not strange, figure, strange)
