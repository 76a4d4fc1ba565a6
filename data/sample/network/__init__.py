"""The synthetic networks of the sample province, along true corridors."""
