"""Alembic environment: runs migrations on the connection that the caller passes in."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="migration", version_table_schema="public")
with context.begin_transaction():
    context.run_migrations()
