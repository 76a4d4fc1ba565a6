"""Events of shipments, and the messages that they come in."""
