"""Settings: each one a name, a default and a line of help; read by entry points only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from spatial.errors import ConfigError

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "SIGANG_"


def _setting(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


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
    port: int = _setting(8080, "Port to listen on.")
    workers: int = _setting(2, "Server processes.")
    pool_size: int = _setting(8, "Database connections of each kind per worker.")
    statement_timeout_ms: int = _setting(15000, "Longest read query before it is cancelled.")
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
    oidc_issuer: str | None = _setting(None, "External OpenID Connect issuer of Bearer tokens.")
    oidc_keys: Path | None = _setting(None, "JWKS file with the issuer's public keys.")
    oidc_audience: str = _setting("sigang", "Audience that a Bearer token must name.")
    map_review_number: str | None = _setting(None, "Approved-map number (审图号) shown on the map.")
    log_level: str = _setting("info", "Log level: debug, info, warning or error.")
    secure_cookies: bool = _setting(
        False, "Send cookies over HTTPS only, as where SIGANG_PUBLIC_URL begins with https."
    )

    @property
    def over_https(self) -> bool:
        """Tell whether clients reach the server over HTTPS only."""
        return self.secure_cookies or (self.public_url or "").lower().startswith("https:")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from SIGANG_* variables; an unknown name or bad value is an error."""
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
