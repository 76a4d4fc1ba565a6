"""Processes that run for long, each in a process of its own."""
