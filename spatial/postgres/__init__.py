"""The database: its private cluster, connections, migrations and the writing of many rows."""
