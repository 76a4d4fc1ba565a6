"""Berths of terminals over HTTP: calls of vessels, the plan that is kept, what-if."""
