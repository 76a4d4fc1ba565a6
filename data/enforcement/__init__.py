"""Deliveries of enforcement: cases, inspections, passages and shifts from files."""
