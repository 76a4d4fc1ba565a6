"""Shipments that a closure touches, planned anew together under the capacities that are left."""
