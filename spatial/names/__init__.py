"""Names as people type them: folded, read in pinyin, compared."""
