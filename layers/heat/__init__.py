"""The cube of enforcement heat as processes hold it: read as one scope, kept fresh, summed."""
