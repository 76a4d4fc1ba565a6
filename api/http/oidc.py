"""Tokens of an external OpenID Connect issuer: its public keys, and who a token names."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, cast

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from spatial.errors import ConfigError

SHORTEST_RSA_BITS = 2048
_FAMILIES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (rsa.RSAPublicKey, ("RS", "PS")),
    (ec.EllipticCurvePublicKey, ("ES",)),
    (ed25519.Ed25519PublicKey, ("EdDSA",)),
    (ed448.Ed448PublicKey, ("EdDSA",)),
)


class Claims(TypedDict):
    """What a token says, as far as it is read."""

    sub: str
    exp: float


class Key(TypedDict, total=False):
    """A key of a JWKS (RFC 7517), as far as it is looked at."""

    kid: str
    use: str
    key_ops: list[str]
    d: str


class Issuer:
    """The issuer that a setting names, with the keys of its JWKS file."""

    def __init__(self, issuer: str | None, audience: str, keys: Path | None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = load_keys(keys, "SIGANG_OIDC_KEYS")

    def claims(self, token: str) -> Claims | None:
        """Return the claims of a valid token, None for any other text."""
        if not self._keys:
            return None
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            return cast(Claims, jwt.decode(
                token, key.key, [key.algorithm_name], audience=self._audience,
                issuer=self._issuer, options={"require": ["exp", "sub", "iss", "aud"]},
            ))  # fmt: skip
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            return None


def load_keys(path: Path | None, setting: str) -> dict[str, jwt.PyJWK]:
    """Return the keys of the JWKS file that a setting names, by id; without a file there are none.

    Raises
    ------
    ConfigError
        A key is symmetric, shorter than 2048 bits, without an id, or not for signatures.
    """
    if path is None:
        return {}
    try:
        raw = orjson.loads(path.read_bytes())["keys"]
        return {str(one["kid"]): _checked(one) for one in raw}
    except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
        raise ConfigError(
            f"{setting} {path}: {error}",
            mend_en="Name a JWKS file of public signature keys: RSA of 2048 bits, EC or Ed.",
            mend_zh="须为公钥签名密钥的 JWKS 文件：RSA 不少于 2048 位，或 EC、Ed 密钥。",
        ) from error


def _checked(raw: Key) -> jwt.PyJWK:
    name = str(raw["kid"])
    if raw.get("use", "sig") != "sig" or "verify" not in raw.get("key_ops", ["verify"]):
        raise ValueError(f"key {name} is not for signatures")
    if "d" in raw:
        raise ValueError(f"key {name} is a private key")
    key = jwt.PyJWK(dict(raw))
    families = next((f for kind, f in _FAMILIES if isinstance(key.key, kind)), ())
    if not key.algorithm_name.startswith(families or ("?",)):
        raise ValueError(f"key {name} is no public key for {key.algorithm_name}")
    if isinstance(key.key, rsa.RSAPublicKey) and key.key.key_size < SHORTEST_RSA_BITS:
        raise ValueError(f"key {name} has {key.key.key_size} bits, not {SHORTEST_RSA_BITS}")
    return key
