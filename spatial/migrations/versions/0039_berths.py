"""Calls of vessels at terminals, the plan that is kept of each terminal, requests at gates.

A call or request is seen as its area, unit and visibility say, and changed by whose area it is of.
One is never kept for the province alone, so that whoever may see a terminal's area sees all of it.
A plan is read by accounts; it holds ids of calls, no names. It is written by whose area the
terminal is of.
"""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"

SHARED = """admin_code text, unit_id text,
      visibility text NOT NULL CHECK (visibility IN ('public', 'unit')),
      origin text NOT NULL CHECK (origin IN ('real', 'synthetic')), account_id text,
      recorded_at timestamptz NOT NULL DEFAULT now(), UNIQUE (source_id, key)"""
TABLES = [
    f"""CREATE TABLE sigang.vessel_call (
      id uuid PRIMARY KEY, source_id text NOT NULL REFERENCES sigang.source(id),
      key text NOT NULL, terminal_id uuid NOT NULL, vessel text NOT NULL,
      length_m double precision NOT NULL CHECK (length_m > 0),
      draught_m double precision CHECK (draught_m > 0),
      draught_out_m double precision CHECK (draught_out_m > 0), eta timestamptz NOT NULL,
      due timestamptz, handling_min integer CHECK (handling_min > 0),
      moves integer CHECK (moves > 0), cranes smallint CHECK (cranes > 0),
      weight smallint NOT NULL CHECK (weight > 0),
      late_weight smallint NOT NULL CHECK (late_weight >= 0), berth text,
      from_m double precision CHECK (from_m >= 0), berthed_at timestamptz,
      state text NOT NULL CHECK (state IN ('expected', 'berthed', 'left', 'cancelled')),
      {SHARED}, CHECK (handling_min IS NOT NULL OR moves IS NOT NULL), CHECK (due >= eta),
      CHECK (state <> 'berthed'
        OR (berthed_at IS NOT NULL AND berth IS NOT NULL AND from_m IS NOT NULL)))""",
    f"""CREATE TABLE sigang.gate_request (
      id uuid PRIMARY KEY, source_id text NOT NULL REFERENCES sigang.source(id),
      key text NOT NULL, terminal_id uuid NOT NULL, since timestamptz NOT NULL,
      until timestamptz NOT NULL, moves smallint NOT NULL CHECK (moves > 0),
      shift_min integer CHECK (shift_min >= 0), {SHARED}, CHECK (since < until))""",
    """CREATE TABLE sigang.berth_plan (
      terminal_id uuid PRIMARY KEY, digest text NOT NULL, made_at timestamptz NOT NULL,
      holds_until timestamptz NOT NULL, rule_version text NOT NULL, document jsonb NOT NULL)""",
    "CREATE INDEX vessel_call_expected ON sigang.vessel_call (terminal_id, eta)"
    " WHERE state IN ('expected', 'berthed')",
    "CREATE INDEX gate_request_window ON sigang.gate_request (terminal_id, since)",
]
ROWS = ("vessel_call", "gate_request")
OWN = "sigang.owns(admin_code, visibility, unit_id)"
TERMINAL = "EXISTS (SELECT 1 FROM sigang.facility f WHERE f.id = terminal_id AND "
SEEN = {
    **dict.fromkeys(ROWS, "sigang.sees(admin_code, visibility, unit_id)"),
    "berth_plan": f"{TERMINAL} coalesce(current_setting('sigang.prefix', true), '') <> '')",
}
OWNED = {
    **dict.fromkeys(ROWS, OWN),
    "berth_plan": f"{TERMINAL} sigang.owns(f.admin_code, 'unit', f.unit_id))",
}


def upgrade() -> None:
    """Create the tables under row-level security."""
    for statement in TABLES:
        op.execute(statement)
    for table, seen in SEEN.items():
        own = OWNED[table]
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )
        op.execute(
            f"CREATE POLICY own_insert ON sigang.{table} AS RESTRICTIVE FOR INSERT TO sigang_app"
            f" WITH CHECK ({own})"
        )
        op.execute(
            f"CREATE POLICY own_update ON sigang.{table} AS RESTRICTIVE FOR UPDATE TO sigang_app"
            f" USING ({own}) WITH CHECK ({own})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON sigang.{table} TO sigang_app")


def downgrade() -> None:
    """Drop them; calls, requests and plans are lost."""
    for table in SEEN:
        op.execute(f"DROP TABLE sigang.{table}")
