"""Shipments: the plan of each beside its operation, and the events that were told, never changed.

An event is kept as it came, also one of which no shipment is known: it belongs to a shipment by
being sent to it, by a reference, or by its box or vehicle within the shipment's time. Nothing is
worked out here: states are a function of the events, made when they are asked for. `unlocode` has
the world's places by their codes, as published; a place whose point is wrong has none.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"

TABLES = [
    """CREATE TABLE sigang.shipment (
      operation_id uuid PRIMARY KEY REFERENCES sigang.operation(id) ON DELETE CASCADE,
      source_id text NOT NULL REFERENCES sigang.source(id), key text NOT NULL,
      units text[] NOT NULL, refs text[] NOT NULL, transports text[] NOT NULL,
      plan jsonb NOT NULL,
      since timestamptz NOT NULL, until timestamptz NOT NULL, UNIQUE (source_id, key),
      CHECK (since < until))""",
    """CREATE TABLE sigang.shipment_event (
      id uuid PRIMARY KEY, operation_id uuid REFERENCES sigang.operation(id) ON DELETE CASCADE,
      source_id text NOT NULL REFERENCES sigang.source(id), event_id text NOT NULL,
      at timestamptz NOT NULL, unit text, transport text, refs text[] NOT NULL, retracts text,
      document jsonb NOT NULL, raw text NOT NULL, account_id text, unit_id text,
      origin text NOT NULL CHECK (origin IN ('real', 'synthetic')),
      recorded_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang.unlocode (
      source_id text NOT NULL REFERENCES sigang.source(id), code text NOT NULL,
      name text NOT NULL, name_ascii text, subdivision text, functions text, status text,
      coordinates text, flags text[] NOT NULL, geom geometry(Point,4326),
      PRIMARY KEY (source_id, code, name))""",
    "CREATE INDEX unlocode_code ON sigang.unlocode (code text_pattern_ops)",
    "CREATE INDEX shipment_units ON sigang.shipment USING gin (units)",
    "CREATE INDEX shipment_refs ON sigang.shipment USING gin (refs)",
    "CREATE INDEX shipment_event_operation ON sigang.shipment_event (operation_id)",
    "CREATE INDEX shipment_event_unit ON sigang.shipment_event (unit, at)",
    "CREATE INDEX shipment_event_transport ON sigang.shipment_event (transport, at)"
    " WHERE unit IS NULL",
    "CREATE INDEX shipment_event_refs ON sigang.shipment_event USING gin (refs)",
    "CREATE INDEX shipment_event_retracts ON sigang.shipment_event (source_id, retracts)"
    " WHERE retracts IS NOT NULL",
    "CREATE INDEX operation_shipments ON sigang.operation (id) WHERE kind = 'shipment'",
]
OF_OPERATION = "EXISTS (SELECT 1 FROM sigang.operation o WHERE o.id = operation_id)"
SEEN = {
    "shipment": OF_OPERATION,
    # whoever may read the province's rows reads what no shipment is known of, others their unit's
    "shipment_event": (
        f"CASE WHEN operation_id IS NOT NULL THEN {OF_OPERATION}"
        " ELSE length(coalesce(current_setting('sigang.prefix', true), '')) = 2"
        " OR unit_id = nullif(current_setting('sigang.unit', true), '') END"
    ),
}


def upgrade() -> None:
    """Create the tables under the row security of the shipment."""
    for statement in TABLES:
        op.execute(statement)
    for table, seen in SEEN.items():
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )
        op.execute(f"GRANT SELECT, INSERT ON sigang.{table} TO sigang_app")
    op.execute("GRANT UPDATE ON sigang.shipment TO sigang_app")
    op.execute("GRANT SELECT ON sigang.unlocode TO sigang_app, sigang_public")


def downgrade() -> None:
    """Drop both; shipments and their events are lost."""
    op.execute("DROP INDEX sigang.operation_shipments")
    for table in (*SEEN, "unlocode"):
        op.execute(f"DROP TABLE sigang.{table}")
    op.execute("DELETE FROM sigang.operation WHERE kind = 'shipment'")
