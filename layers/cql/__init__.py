"""CQL2 filters (OGC 21-065r2): from text or JSON to bound SQL; imports nothing else of layers."""
