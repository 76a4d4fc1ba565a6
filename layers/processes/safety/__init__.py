"""Processes of safety: grades of risks."""
