"""Register a source of records (`sigang load source FILE.toml`): who sends them, on what terms."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import psycopg
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatial.errors import ConfigError
from spatial.postgres.ingest import LoadReport, SourceInfo, loading

KIND = "source"
Text = Annotated[str, Field(min_length=1, max_length=200)]


class SourceFile(BaseModel):
    """One row of `source`, as a file names it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    title_zh: Text
    title_en: Text
    license: Text
    attribution: Text
    license_url: Text | None = None
    url: Text | None = None
    version: Text | None = None
    owner: Text | None = None


def load_source(conn: psycopg.Connection, file: Path) -> LoadReport:
    """Register a source, or correct what is known of it; its records stay as they are.

    Raises
    ------
    ConfigError
        The file is no TOML, or a field is missing, wrong or unknown.
    """
    try:
        given = SourceFile.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unusable(file, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unusable(file, f"{where}: {first['msg']}") from error
    with loading(conn, SourceInfo(**given.model_dump()), file, KIND, {}) as run:
        run.rows["source"] += 1
    return run.report()


def _unusable(file: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{file.name}: {why}", f"{file.name}：{why}",
        mend_en="It needs id, title_zh, title_en, license and attribution, as texts.",
        mend_zh="须含文本字段 id、title_zh、title_en、license 与 attribution。",
    )  # fmt: skip
