"""Processes of ports and waterways."""
