"""Requests and answers whatever they are about: the door, who asks, how much at once."""
