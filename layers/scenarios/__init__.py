"""Scenarios: declared questions of the reform plan, each with what carries it and an example."""
