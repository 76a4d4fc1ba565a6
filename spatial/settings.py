"""Settings: each one a name, a default and a line of help; read by entry points only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spatial.errors import ConfigError

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "SIGANG_"


LOG_LEVELS = ("debug", "info", "warning", "error")
POSTGRES = ("postgresql", "postgres")
_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]*[a-z][a-z0-9-]*(:\d{1,5})?")
CORS_OFF = "off"
"""Value of `cors_origins` that lets pages of other origins read nothing."""


def _setting(default: Any, help_text: str, least: int = 0, most: int = 2**31 - 1) -> Any:
    return field(default=default, metadata={"help": help_text, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a server; the environment variable of `x` is SIGANG_X."""

    home: Path = _setting(PROJECT / ".sigang", "State folder: cluster, keys, caches, logs.")
    database_url: str | None = _setting(
        None, "PostGIS ≥ 3.3 to use as owner instead of the private cluster."
    )
    app_database_url: str | None = _setting(
        None, "The same database as role sigang_app; default: the owner's URL with SET ROLE."
    )
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8080, "Port to listen on.", 0, 65535)
    workers: int = _setting(2, "Server processes.", 1, 256)
    pool_size: int = _setting(8, "Database connections of each kind per worker.", 1, 1000)
    statement_timeout_ms: int = _setting(15000, "Longest read query before it is cancelled.", 1)
    tile_cache_mb: int = _setting(64, "Compressed tiles kept in memory per worker.")
    requests_per_minute: int = _setting(
        12_000, "Requests of one address in a minute; an account has twice as many; 0: no limit."
    )
    routing: bool = _setting(True, "Load the routing network; off for a tile-only worker.")
    freeze: str | None = _setting(
        None, "RFC 3339 time that the generated sample is anchored to; default today 00:00 +08:00."
    )
    areas: Path = _setting(PROJECT / "layers" / "areas", "Folder of layer and rule declarations.")
    public_url: str | None = _setting(
        None, "Address under which clients reach the server, for links behind a proxy."
    )
    cors_origins: str | None = _setting(
        None, "Origins, with commas, whose pages may send a key and write; off: none even reads."
    )
    oidc_issuer: str | None = _setting(None, "External OpenID Connect issuer of Bearer tokens.")
    oidc_keys: Path | None = _setting(None, "JWKS file with the issuer's public keys.")
    oidc_audience: str = _setting("sigang", "Audience that a Bearer token must name.")
    dss_keys: Path | None = _setting(
        None,
        "JWKS file with the public keys of tokens at /dss/v1 and /uss/v1; without, none count.",
    )
    uss_hosts: str | None = _setting(
        None, "Hosts, with commas, of planning systems that are told of plans, over HTTPS."
    )
    map_review_number: str | None = _setting(None, "Approved-map number (审图号) shown on the map.")
    log_level: str = _setting("info", "Log level: debug, info, warning or error.")
    secure_cookies: bool = _setting(
        False, "Send cookies over HTTPS only, as where SIGANG_PUBLIC_URL begins with https."
    )

    def __post_init__(self) -> None:
        """Refuse values that no server can serve with.

        Raises
        ------
        ConfigError
            Names the variable and what is expected.
        """
        for one in fields(self):
            value = getattr(self, one.name)
            least, most = one.metadata["least"], one.metadata["most"]
            if isinstance(value, int) and not least <= value <= most:
                raise _wrong(one.name, value, f"from {least} to {most}", f"{least} 至 {most}")
        if self.log_level not in LOG_LEVELS:
            one_of = ", ".join(LOG_LEVELS)
            raise _wrong("log_level", self.log_level, f"one of {one_of}", f"{one_of} 之一")
        for name in ("database_url", "app_database_url"):
            if getattr(self, name) and not _is_url(getattr(self, name), POSTGRES):
                raise _wrong(name, "…", "postgresql://user@host/database")  # it may hold a password
        if self.public_url and not _is_url(self.public_url, ("http", "https"), host=True):
            raise _wrong("public_url", self.public_url, "https://map.example.org")
        if (self.oidc_issuer is None) is not (self.oidc_keys is None):
            lacking = "oidc_keys" if self.oidc_keys is None else "oidc_issuer"
            raise _wrong(lacking, "", "given where the other one is", "与另一项同时设置")
        self._check_lists()

    def _check_lists(self) -> None:
        for origin in self.allowed_origins:
            if not _is_origin(origin):
                raise _wrong("cors_origins", origin, "https://one.example.org,https://two.example")
        for host in self.told_hosts:
            if not _HOST.fullmatch(host):
                raise _wrong("uss_hosts", host, "uss.example.org,two.example:8443")

    @property
    def over_https(self) -> bool:
        """Tell whether clients reach the server over HTTPS only."""
        return self.secure_cookies or (self.public_url or "").lower().startswith("https:")

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Return the origins whose pages may send a key and write, as browsers name them."""
        given = "" if self.cors_origins == CORS_OFF else self.cors_origins or ""
        return frozenset(part.strip().lower() for part in given.split(",") if part.strip())

    @property
    def told_hosts(self) -> frozenset[str]:
        """Return the hosts, with their port where it is not 443, that notices may go to."""
        given = (self.uss_hosts or "").split(",")
        return frozenset(part.strip().lower() for part in given if part.strip())

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from SIGANG_* variables.

        Raises
        ------
        ConfigError
            A name is unknown, or a value wrong.
        """
        env = os.environ if environ is None else environ
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        given = {k: v for k, v in env.items() if k.startswith(PREFIX)}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise ConfigError(
                f"Unknown setting {', '.join(unknown)}",
                f"未知设置 {', '.join(unknown)}",
                mend_en="See docs/settings.md for the names.",
                mend_zh="名称见 docs/settings.md。",
            )
        values = {
            known[name].name: _parse(name, str(known[name].type), text)
            for name, text in given.items()
            if text != ""
        }
        return cls(**values)

    def to_env(self) -> dict[str, str]:
        """Return the environment that `from_env` reads back to an equal object."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            PREFIX + name.upper(): str(int(value) if isinstance(value, bool) else value)
            for name, value in values.items()
            if value is not None
        }


def _is_url(text: str, schemes: Sequence[str], *, host: bool = False) -> bool:
    """Tell whether a text is the URL of a database, or with `host` the address of a server."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    plain = not any(c.isspace() for c in text)
    return parts.scheme in schemes and "//" in text and plain and (not host or (named and bare))


def _is_origin(text: str) -> bool:
    """Tell whether a text is an origin as browsers write it: no other spelling is ever equal."""
    usual = {"http": ":80", "https": ":443"}
    found = _ORIGIN.fullmatch(text)
    if found is None or not _is_url(text, tuple(usual), host=True):
        return False
    return found[2] != usual[found[1]]


def _wrong(name: str, value: object, en: str, zh: str = "") -> ConfigError:
    variable = PREFIX + name.upper()
    return ConfigError(
        f"{variable}={value} cannot be used: it must be {en}",
        f"{variable}={value} 无法使用：应为 {zh or en}",
        mend_en="See docs/settings.md.",
        mend_zh="见 docs/settings.md。",
    )


def _parse(name: str, kind: str, text: str) -> Any:
    try:
        if kind.startswith("int"):
            return int(text)
        if kind.startswith("bool"):
            return {"1": True, "0": False, "on": True, "off": False}[text.lower()]
    except (ValueError, KeyError):
        raise ConfigError(
            f"{name}={text!r} is not a valid {kind}", f"{name}={text!r} 不是有效的 {kind}"
        ) from None
    return Path(text) if kind.startswith("Path") else text
