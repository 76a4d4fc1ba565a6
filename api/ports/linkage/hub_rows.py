"""SQL of the windows in which a hub is closed."""

CLOSINGS = """
SELECT since, until, reason FROM sigang.linkage_closing
WHERE hub_id = $1 AND until > $2 AND since < $3 ORDER BY since"""
