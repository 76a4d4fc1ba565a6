"""What every declaration is made of: frozen models that refuse unknown keys, and texts zh/en."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Declaration(BaseModel):
    """Base of all declared models: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Text(Declaration):
    """A text in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        """Return the text in `lang`, Chinese for any language but English."""
        return self.en if lang == "en" else self.zh
