"""A question from its places to its path or its refusal."""
