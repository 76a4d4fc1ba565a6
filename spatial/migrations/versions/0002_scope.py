"""Scope: application roles that do not own the tables, and row-level security as the net."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

SCOPED = [
    "zone",
    "party",
    "facility",
    "node",
    "edge",
    "asset",
    "position",
    "observation",
    "event",
    "case_file",
    "operation",
    "project",
    "project_section",
    "indicator_value",
    "latest_position",
    "stream_log",
    "search_entry",
]
OPEN_READ = [
    "source",
    "rule",
    "indicator",
    "carriageway",
    "stake",
    "edge_structure",
    "turn_restriction",
    "edge_state",
    "network_version",
]
OF_PARENT = {
    "operation_leg": ("operation", "operation_id"),
    "event_receipt": ("event", "event_id"),
    "event_history": ("event", "event_id"),
}
APP_ONLY = ["account", "credential", "audit", "load_run", "quarantine"]
APP_WRITES = [
    "event",
    "event_receipt",
    "event_history",
    "edge_state",
    "network_version",
    "stream_log",
    "credential",
    "audit",
    "search_entry",
]

SEES = """
CREATE FUNCTION sigang.sees(admin_code text, visibility text, unit_id text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE LEAKPROOF AS $$
  SELECT CASE
    WHEN coalesce(current_setting('sigang.actor', true), '') = '' THEN false
    WHEN visibility = 'public' THEN true
    WHEN coalesce(current_setting('sigang.prefix', true), '') = '' THEN false
    WHEN visibility = 'province' THEN length(current_setting('sigang.prefix', true)) = 2
      AND starts_with(admin_code, current_setting('sigang.prefix', true))
    ELSE coalesce(starts_with(admin_code, current_setting('sigang.prefix', true)), false)
      OR coalesce(unit_id = nullif(current_setting('sigang.unit', true), ''), false)
  END
$$"""

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- made beside this
END $$"""

LEAKPROOF = """
DO $$ DECLARE f regprocedure; BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p
      WHERE p.proname IN ('geometry_overlaps', 'geometry_gist_consistent_2d')
        AND p.prokind = 'f'
    LOOP EXECUTE format('ALTER FUNCTION %s LEAKPROOF', f); END LOOP;
  END IF;
END $$"""


def _sees() -> str:
    """Return the function's text, without LEAKPROOF where the owner may not set it."""
    superuser = (
        op.get_bind()
        .exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        .scalar()
    )
    return SEES if superuser else SEES.replace(" LEAKPROOF", "")


def upgrade() -> None:
    """Create the roles, grant what they need, switch row-level security on."""
    for role in ("sigang_app", "sigang_public"):
        op.execute(ROLE.format(role=role))
        op.execute(f"GRANT USAGE ON SCHEMA sigang, sigang_tiles TO {role}")
        op.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA sigang_tiles GRANT SELECT ON TABLES TO {role}"
        )
    op.execute(_sees())
    for table in SCOPED:
        _secure(table, "sigang.sees(admin_code, visibility, unit_id)", "visibility = 'public'")
    for table, (parent, key) in OF_PARENT.items():
        seen = f"EXISTS (SELECT 1 FROM sigang.{parent} p WHERE p.id = {key})"
        _secure(table, seen, seen)
    for table in OPEN_READ:
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
    for table in APP_ONLY:
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app")
    for table in APP_WRITES:
        op.execute(f"GRANT INSERT, UPDATE ON sigang.{table} TO sigang_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA sigang TO sigang_app")
    op.execute("REVOKE UPDATE ON sigang.audit, sigang.event_history FROM sigang_app")
    op.execute(LEAKPROOF)


def _secure(table: str, seen: str, public: str) -> None:
    op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
    op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
    )
    op.execute(
        f"CREATE POLICY public ON sigang.{table} FOR SELECT TO sigang_public USING ({public})"
    )


def downgrade() -> None:
    """Take row-level security and grants away; the roles stay, other databases may use them."""
    for table in [*SCOPED, *OF_PARENT]:
        op.execute(f"DROP POLICY app ON sigang.{table}")
        op.execute(f"DROP POLICY public ON sigang.{table}")
        op.execute(f"ALTER TABLE sigang.{table} DISABLE ROW LEVEL SECURITY")
    for role in ("sigang_app", "sigang_public"):
        op.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA sigang_tiles REVOKE SELECT ON TABLES FROM {role}"
        )
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA sigang, sigang_tiles FROM {role}")
        op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA sigang FROM {role}")
        op.execute(f"REVOKE ALL ON SCHEMA sigang, sigang_tiles FROM {role}")
    op.execute("DROP FUNCTION sigang.sees(text, text, text)")
