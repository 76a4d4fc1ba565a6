"""Tokens of an external issuer, and which keys of one are trusted."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api.http.oidc import load_keys
from spatial.errors import ConfigError
from tests.api.signing_in import ask

ISSUER = "https://issuer.example"


def test_tokens_of_an_external_issuer(accounts, database_url, tmp_path):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [{**public, "kid": "k1", "alg": "RS256"}]}))

    def token(**changes):
        good = {
            "iss": ISSUER, "aud": "sigang", "sub": "planner",
            "exp": datetime.now(UTC) + timedelta(minutes=5),
        }  # fmt: skip
        claims = {k: v for k, v in {**good, **changes}.items() if v is not None}
        return jwt.encode(claims, private, "RS256", headers={"kid": "k1"})

    bad = [
        token(aud="other"), token(iss="https://evil.example"), token(sub="nobody"),
        token(exp=datetime.now(UTC) - timedelta(minutes=1)), token(exp=None),
        jwt.encode({"sub": "planner"}, "k" * 32, "HS256", headers={"kid": "k1"}),
        jwt.encode({"sub": "planner"}, None, "none", headers={"kid": "k1"}),
    ]  # fmt: skip

    async def work(client):
        answer = await client.get("/api/who", headers={"Authorization": f"Bearer {token()}"})
        assert answer.json() == {"who": "planner"}
        for wrong in bad:
            answer = await client.get("/api/who", headers={"Authorization": f"Bearer {wrong}"})
            assert answer.status_code == 401

    ask(database_url, tmp_path, work, oidc_issuer=ISSUER, oidc_keys=keys)


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "HS256", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": None}, {"d": "AQAB"},
    ],
)  # fmt: skip
def test_keys_of_an_issuer_that_cannot_be_trusted_stop_the_start(tmp_path, change):
    file = tmp_path / "jwks.json"
    good = {**_jwk(2048), "kid": "k1", "alg": "RS256"}
    file.write_text(json.dumps({"keys": [good]}))
    assert list(load_keys(file, "SIGANG_OIDC_KEYS")) == ["k1"]
    wrong = {k: v for k, v in {**good, **change}.items() if v is not None}
    file.write_text(json.dumps({"keys": [good, wrong]}))
    with pytest.raises(ConfigError, match="SIGANG_OIDC_KEYS"):
        load_keys(file, "SIGANG_OIDC_KEYS")


def test_short_keys_of_an_issuer_are_refused(tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**_jwk(1024), "kid": "k1", "alg": "RS256"}]}))
    with pytest.raises(ConfigError, match="1024 bits"):
        load_keys(file, "SIGANG_OIDC_KEYS")


def _jwk(bits):
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
