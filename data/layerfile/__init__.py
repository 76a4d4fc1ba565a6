"""Files of any vector format, placed by a mapping."""
