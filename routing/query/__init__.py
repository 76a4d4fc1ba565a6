"""A question from its places to its path or its refusal.

Not supported: waiting on the way, costs of turns but for turning round, limits that depend on a
level.
"""
