"""Ports and shipping: waterways and what moves on them."""
