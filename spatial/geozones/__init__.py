"""Zones of the air as files: ED-269, ED-318, OpenAir, GeoJSON, KML; read, judged and written."""
