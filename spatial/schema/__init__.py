"""What the database holds: tables, columns and kinds."""
