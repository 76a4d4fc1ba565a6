"""Locks: who lies where in a chamber, who is locked when, how long a voyage waits."""
