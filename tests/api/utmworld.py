"""Operators at the standard's door: keys, tokens, bodies; places, ids and times are shuffled."""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec

from api.airspace.dss_tokens import ALL
from spatial.geo.crs import GEOD

_KEY = ec.generate_private_key(ec.SECP256R1())
REFERENCES = "/dss/v1/operational_intent_references"
CONSTRAINTS = "/dss/v1/constraint_references"
SUBSCRIPTIONS = "/dss/v1/subscriptions"


def write_keys(folder: Path) -> Path:
    """Write the public keys of this world's authority; return the file."""
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(_KEY.public_key()))
    file = folder / "jwks.json"
    file.write_text(json.dumps({"keys": [{**public, "kid": "utm", "alg": "ES256"}]}))
    return file


def token(sub, scopes=ALL, key=_KEY, kid="utm", **claims):
    now = time.time()
    body = {"sub": sub, "scope": " ".join(scopes), "aud": "127.0.0.1", "exp": now + 3000} | claims
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(body, key, "ES256", {"kid": kid} if kid else {})


@dataclass
class Uss:
    """An operator's system with a name of its own."""

    api: httpx.Client
    name: str = field(default_factory=lambda: f"uss-{uuid4().hex[:8]}")
    base: str | None = None

    @property
    def url(self):
        return self.base or f"https://{self.name}.example/utm"

    def ask(self, method, path, body=None, *, scopes=ALL, **claims):
        headers = {
            "Authorization": f"Bearer {token(**{'sub': self.name, 'scopes': scopes} | claims)}"
        }
        return self.api.request(method, path, json=body, headers=headers)

    def put(self, volumes, entity=None, ovn=None, **more):
        body = {"extents": volumes, "state": "Accepted", "uss_base_url": self.url} | more
        return self.ask(
            "PUT", "/".join(filter(None, (REFERENCES, entity or str(uuid4()), ovn))), body
        )

    def put_constraint(self, volumes, entity=None, ovn=None):
        place = "/".join(filter(None, (CONSTRAINTS, entity or str(uuid4()), ovn)))
        return self.ask("PUT", place, {"extents": volumes, "uss_base_url": self.url})

    def subscribe(self, volume, entity=None, version=None, *, intents=True, constraints=False):
        place = "/".join(filter(None, (SUBSCRIPTIONS, entity or str(uuid4()), version)))
        return self.ask("PUT", place, {
            "extents": volume, "uss_base_url": self.url,
            "notify_for_operational_intents": intents, "notify_for_constraints": constraints,
        })  # fmt: skip

    def details(self, entity):
        answer = self.ask("GET", f"{REFERENCES}/{entity}")
        assert answer.status_code == 200, answer.text
        return answer.json()["operational_intent_reference"]


class Place:
    """A place and a time of its own, in which volumes are written by metres and seconds."""

    def __init__(self, seed=None):
        shuffled = random.Random(seed)
        self.home = shuffled.uniform(-179, 179), shuffled.uniform(-60, 60)
        self.begin = datetime.now(UTC) + timedelta(minutes=shuffled.uniform(5, 60))

    def corners(self, west, south, east, north):
        xy = [(west, south), (east, south), (east, north), (west, north)]
        lon, lat, _ = GEOD.fwd(
            [self.home[0]] * 4, [self.home[1]] * 4,
            [np.degrees(np.arctan2(x, y)) for x, y in xy], [float(np.hypot(x, y)) for x, y in xy],
        )  # fmt: skip
        return [{"lat": float(a), "lng": float(o)} for o, a in zip(lon, lat, strict=True)]

    def volume(self, box=(0, 0, 1000, 1000), heights=(60, 100), seconds=(0, 600), circle=None):
        times = [self.begin + timedelta(seconds=s) for s in seconds]
        outline = {"outline_polygon": {"vertices": self.corners(*box)}}
        if circle:
            centre = {"lat": self.home[1], "lng": self.home[0]}
            outline = {
                "outline_circle": {"center": centre, "radius": {"value": circle, "units": "M"}}
            }
        low, high = ({"value": h, "reference": "W84", "units": "M"} for h in heights)
        return {
            "volume": {**outline, "altitude_lower": low, "altitude_upper": high},
            "time_start": {"value": times[0].isoformat(), "format": "RFC3339"},
            "time_end": {"value": times[1].isoformat(), "format": "RFC3339"},
        }


@contextmanager
def uss_that_listens(api):
    """Yield a system on this machine, and what it was told."""
    told: queue.Queue = queue.Queue()

    class Told(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.put((self.path, json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        uss = Uss(api)
        uss.base = f"http://127.0.0.1:{other.server_port}/utm"
        yield uss, told
        other.shutdown()
