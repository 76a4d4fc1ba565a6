"""A feed that never came and an asset that was never seen have no last time.

`least` passes over nulls, so that both had the time of the question, and no indicator missed them.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

LAST = {"asset_state": "u.last_seen", "feed_ledger": "d.last_at"}


def upgrade() -> None:
    """Leave the last time of what was never heard of empty."""
    for view, column in LAST.items():
        least = f"LEAST({column}, now())"
        _exchange(view, least, f"CASE WHEN {column} > now() THEN now() ELSE {column} END")


def downgrade() -> None:
    """Tell the time of the question again."""
    for view, column in LAST.items():
        when = f"            WHEN ({column} > now()) THEN now()\n            ELSE {column}\n"
        _exchange(view, f"CASE\n{when}        END", f"LEAST({column}, now())")


def _exchange(view: str, old: str, new: str) -> None:
    name = f"sigang.{view}"
    text = op.get_bind().exec_driver_sql(f"SELECT pg_get_viewdef('{name}'::regclass)").scalar_one()
    if old not in text:
        raise ValueError(f"{name} does not say {old}")
    made = text.replace(old, new)
    op.execute(f"CREATE OR REPLACE VIEW {name} WITH (security_invoker = true) AS {made}")
