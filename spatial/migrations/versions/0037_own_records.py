"""Records of enforcement are corrected and withdrawn by whose area they are of, public ones too.

Who may read a row could write it; everybody reads what is public.
"""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"

OWNS = """
CREATE FUNCTION sigang.owns(admin_code text, visibility text, unit_id text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE LEAKPROOF AS $$
  SELECT sigang.sees(admin_code, CASE visibility WHEN 'public' THEN 'unit' ELSE visibility END,
    unit_id)
$$"""
OWN = "sigang.owns(admin_code, visibility, unit_id)"
WRITTEN = {"case_file": ("UPDATE",), "exposure": ("UPDATE", "DELETE")}


def upgrade() -> None:
    """Add a condition to what the policies of both tables let an account change."""
    op.execute(OWNS)
    for table, commands in WRITTEN.items():
        for command in commands:
            op.execute(
                f"CREATE POLICY own_{command.lower()} ON sigang.{table} AS RESTRICTIVE"
                f" FOR {command} TO sigang_app USING ({OWN})"
            )


def downgrade() -> None:
    """Take it away."""
    for table, commands in WRITTEN.items():
        for command in commands:
            op.execute(f"DROP POLICY own_{command.lower()} ON sigang.{table}")
    op.execute("DROP FUNCTION sigang.owns(text, text, text)")
